import { useMemo } from "react";
import type { SeriesFrame } from "../api/types";
import { driftOf } from "./drift";

/** Shift of the frames along x and y; marks of frames without a fit, and a line at the frame that is shown. */
export function DriftPlot({ frames, at }: { frames: SeriesFrame[]; at: number }) {
  const drift = useMemo(() => driftOf(frames), [frames]);
  const last = frames.at(-1)?.number ?? 0;
  const zero = drift.span[1] / (drift.span[1] - drift.span[0]);
  const here = last === 0 ? 0 : at / last;
  return (
    <figure className="drift">
      <div className="drift-plot">
        <span className="drift-limit">{drift.span[1].toFixed(1)} px</span>
        <svg
          viewBox="0 0 1 1"
          preserveAspectRatio="none"
          role="img"
          aria-label={`Drift of ${frames.length} frames`}
        >
          <path className="drift-zero" d={`M0 ${zero}H1`} />
          {drift.x.map(({ points }) => (
            <polyline key={points} className="drift-x" points={points} />
          ))}
          {drift.y.map(({ points }) => (
            <polyline key={points} className="drift-y" points={points} />
          ))}
          {drift.flagged.map((along) => (
            <path key={along} className="drift-flag" d={`M${along} 0V1`} />
          ))}
          <path className="drift-here" d={`M${here} 0V1`} />
        </svg>
        <span className="drift-limit low">{drift.span[0].toFixed(1)} px</span>
      </div>
      <figcaption className="hint">
        <i className="key x" /> x <i className="key y" /> y <i className="key flag" /> no fit or dropped; px
        of the reference
      </figcaption>
    </figure>
  );
}
