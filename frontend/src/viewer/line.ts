import type { Point } from "../areas/area";

/** A line on the fixed image by its ends in px; empty while none is drawn, one end while the other is missing. */
export type Line = readonly Point[];

export const NO_LINE: Line = [];
const MAX_SAMPLES = 1024;

export function lineText(line: Line | null): string | null {
  if (line === null) return null;
  return line.length < 2
    ? "1"
    : line.flatMap(({ x, y }) => [x, y].map((value) => Number(value.toFixed(2)))).join();
}

export function readLine(text: string | null): Line | null {
  if (text === null) return null;
  const [x1, y1, x2, y2] = text.split(",").map(Number);
  const all = [x1, y1, x2, y2];
  return all.every(Number.isFinite)
    ? [
        { x: x1!, y: y1! },
        { x: x2!, y: y2! },
      ]
    : NO_LINE;
}

/** The line with an end set: the second one where the first is set, else the first of a new line. */
export function withEnd(line: Line, at: Point): Line {
  return line.length === 1 ? [line[0]!, at] : [at];
}

export function lengthOf([one, other]: Line): number {
  return one && other ? Math.hypot(other.x - one.x, other.y - one.y) : 0;
}

/** Points of the line, about one for each px. */
export function samples(line: Line): Point[] {
  const [one, other] = line;
  if (!one || !other) return [];
  const count = Math.min(Math.max(Math.ceil(lengthOf(line)) + 1, 2), MAX_SAMPLES);
  return Array.from({ length: count }, (_, index) => {
    const share = index / (count - 1);
    return { x: one.x + share * (other.x - one.x), y: one.y + share * (other.y - one.y) };
  });
}
