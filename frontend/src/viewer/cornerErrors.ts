import type { Result } from "../api/types";
import { type Sizes, affine, centreOf, outline } from "./geometry";

/** Where a corner of the fixed image truly lies with 95 % probability; lengths in px of the fixed image. */
export interface Region {
  x: number;
  y: number;
  major: number;
  minor: number;
  angle: number; // degrees of the major axis, +x towards +y
}

const RADIUS = Math.sqrt(-2 * Math.log(0.05)); // standard deviations that hold 95 % in two dimensions

/**
 * The stated covariance carried to the corners.
 * None of a refused result: it holds for a match that is right, and this one may be none.
 */
export function cornerErrors(result: Result, sizes: Sizes): Region[] {
  const { covariance, verdict } = result;
  if (!covariance || verdict === "refuse") return [];
  const centre = affine(result.fixed_from_moving).transformPoint(centreOf(sizes.moving));
  return outline(sizes.fixed, new DOMMatrix()).map(({ x, y }) => ({
    x,
    y,
    ...region(x - centre.x, y - centre.y, covariance),
  }));
}

/** The region of a point that lies so far from the centre of turning and scaling. */
function region(x: number, y: number, covariance: NonNullable<Result["covariance"]>) {
  const [right, down] = [
    [x, -y, 1, 0], // how the point moves with log scale, angle and shift
    [y, x, 0, 1],
  ] as const;
  const between = (one: readonly number[], other: readonly number[]) =>
    covariance.reduce((sum, row, i) => sum + row.reduce((part, value, j) => part + value * one[i]! * other[j]!, 0), 0);
  const [xx, yy, xy] = [between(right, right), between(down, down), between(right, down)];
  const [middle, spread] = [(xx + yy) / 2, Math.hypot((xx - yy) / 2, xy)];
  return {
    major: RADIUS * Math.sqrt(middle + spread),
    minor: RADIUS * Math.sqrt(Math.max(middle - spread, 0)),
    angle: (Math.atan2(2 * xy, xx - yy) * 90) / Math.PI,
  };
}

/** How much larger than they are regions can be drawn, in round numbers; never smaller. */
export function enlargement(regions: Region[], cssPerPixel: number): number {
  const largest = Math.max(...regions.map(({ major }) => major)) * cssPerPixel;
  if (!(largest > 0) || largest >= LARGEST_CSS) return 1;
  const decade = 10 ** Math.floor(Math.log10(LARGEST_CSS / largest));
  return decade * ([5, 2].find((step) => step * decade * largest <= LARGEST_CSS) ?? 1);
}

const LARGEST_CSS = 24; // the margin around the fixed image holds that
