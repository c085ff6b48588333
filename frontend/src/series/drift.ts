import type { SeriesFrame } from "../api/types";

export interface Line {
  points: string; // of an SVG polyline
}

export interface Drift {
  x: Line[];
  y: Line[];
  flagged: number[]; // 0 to 1 along the axis
  span: [number, number]; // px, of the axis of shifts
}

const MOST_POINTS = 1500; // more could not be distinguished
const LEAST_SPAN_PX = 1;

/** Lines of the shifts of the frames that fit, in a plot of width and height 1; gaps where frames do not fit. */
export function driftOf(frames: SeriesFrame[]): Drift {
  const last = frames.at(-1)?.number ?? 0;
  const along = (number: number) => (last === 0 ? 0 : number / last);
  const shown = frames.filter((_, at) => at % Math.ceil(frames.length / MOST_POINTS) === 0);
  const span = spanOf(shown);
  const down = (px: number) => (span[1] - px) / (span[1] - span[0]);
  const line = (axis: 0 | 1) =>
    runsOf(shown).map((run) => ({
      points: run
        .map(
          ({ number, shift_px }) => `${along(number).toFixed(4)},${down(shift_px?.[axis] ?? 0).toFixed(4)}`,
        )
        .join(" "),
    }));
  const flagged = frames.filter(({ state }) => state !== "fits").map(({ number }) => along(number));
  return { x: line(0), y: line(1), flagged, span };
}

function spanOf(frames: SeriesFrame[]): [number, number] {
  let [low, high] = [0, 0];
  for (const { state, shift_px } of frames) {
    if (state !== "fits" || !shift_px) continue;
    low = Math.min(low, ...shift_px);
    high = Math.max(high, ...shift_px);
  }
  const margin = Math.max(LEAST_SPAN_PX, high - low) * 0.08;
  return [low - margin, high + margin];
}

/** Successive frames that fit. */
function runsOf(frames: SeriesFrame[]): SeriesFrame[][] {
  const runs: SeriesFrame[][] = [];
  let open = false;
  for (const frame of frames) {
    if (frame.state !== "fits") open = false;
    else if (open) runs.at(-1)?.push(frame);
    else {
      runs.push([frame]);
      open = true;
    }
  }
  return runs;
}
