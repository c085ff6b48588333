import type { Result } from "../api/types";

export type Field = NonNullable<Result["field"]>;
type Spline = Field["x"];
export type Point = [number, number];

/** Displacement of a point of the fixed image by field and drift, px of the fixed image. */
export function displacementAt(field: Field, [x, y]: Point): Point {
  const [across, alongX] = basisAt(field.x, x);
  const [down, alongY] = basisAt(field.y, y);
  const smooth = (axis: 0 | 1) =>
    sum(alongY, (j) => sum(alongX, (i) => field.smooth[axis]?.[down + j]?.[across + i] ?? 0));
  const [dx, dy] = [smooth(0), smooth(1)];
  const [a, b, c] = field.moving_from_fixed[1] ?? [0, 1, 0];
  const [first, weights] = basisAt(field.rows, (a ?? 0) * (x + dx) + (b ?? 1) * (y + dy) + (c ?? 0));
  const drift = (axis: 0 | 1) => sum(weights, (i) => field.drift[axis]?.[first + i] ?? 0);
  return [dx + drift(0), dy + drift(1)];
}

/** The first of the four cubic B-splines that are not 0 at a position, and their values. */
function basisAt({ low, high, intervals }: Spline, position: number): [number, number[]] {
  const scaled = ((position - low) / (high - low)) * intervals;
  const inside = Math.min(Math.max(scaled, 0), intervals * (1 - 1e-12));
  const first = Math.floor(inside);
  const t = inside - first;
  const [u, square, cube] = [1 - t, t * t, t * t * t];
  const values = [u * u * u, 3 * cube - 6 * square + 4, -3 * cube + 3 * square + 3 * t + 1, cube];
  return [first, values.map((value) => value / 6)];
}

function sum(weights: number[], value: (index: number) => number): number {
  return weights.reduce((total, weight, index) => total + weight * value(index), 0);
}
