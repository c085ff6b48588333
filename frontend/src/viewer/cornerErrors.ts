import type { Result } from "../api/types";
import { detailOf } from "./detail";
import { type Sizes, affine, centreOf, outline } from "./geometry";

/** The 95 % confidence ellipse of a corner of the smaller field of view; lengths in px of the fixed image. */
export interface ConfidenceEllipse {
  x: number;
  y: number;
  major: number;
  minor: number;
  angle: number; // of the major axis in degrees, +x towards +y
}

export const RADIUS = Math.sqrt(-2 * Math.log(0.05)); // in standard deviations, for 95 % in two dimensions

/**
 * Propagate the covariance of the result to the corners of the fixed image, or of the moving one where that is a detail.
 * Empty for a refused result: the covariance assumes that the match is correct.
 */
export function cornerErrors(result: Result, sizes: Sizes): ConfidenceEllipse[] {
  const { covariance, verdict } = result;
  if (!covariance || verdict === "refuse") return [];
  const found = affine(result.fixed_from_moving);
  const centre = found.transformPoint(centreOf(sizes.moving));
  const corners =
    detailOf(sizes, found) === "moving"
      ? outline(sizes.moving, found)
      : outline(sizes.fixed, new DOMMatrix());
  return corners.map(({ x, y }) => ({
    x,
    y,
    ...ellipseAt(x - centre.x, y - centre.y, covariance),
  }));
}

/** The confidence ellipse of a point at an offset from the centre of rotation. */
function ellipseAt(x: number, y: number, covariance: NonNullable<Result["covariance"]>) {
  const [right, down] = [
    [x, -y, 1, 0, x, y], // derivatives by log scale, angle, shift x and y, and an affine result's stretch
    [y, x, 0, 1, -y, x],
  ] as const;
  const covarianceOf = (one: readonly number[], other: readonly number[]) =>
    covariance.reduce(
      (sum, row, i) => sum + row.reduce((part, value, j) => part + value * one[i]! * other[j]!, 0),
      0,
    );
  const [xx, yy, xy] = [covarianceOf(right, right), covarianceOf(down, down), covarianceOf(right, down)];
  const [middle, spread] = [(xx + yy) / 2, Math.hypot((xx - yy) / 2, xy)];
  return {
    major: RADIUS * Math.sqrt(middle + spread),
    minor: RADIUS * Math.sqrt(Math.max(middle - spread, 0)),
    angle: (Math.atan2(2 * xy, xx - yy) * 90) / Math.PI,
  };
}

/** Factor (1, 2 or 5 times a power of ten) by which small ellipses are enlarged to be visible. */
export function enlargement(ellipses: ConfidenceEllipse[], cssPerPixel: number): number {
  const largest = Math.max(...ellipses.map(({ major }) => major)) * cssPerPixel;
  if (!(largest > 0) || largest >= MAX_CSS) return 1;
  const decade = 10 ** Math.floor(Math.log10(MAX_CSS / largest));
  return decade * ([5, 2].find((step) => step * decade * largest <= MAX_CSS) ?? 1);
}

const MAX_CSS = 24; // fits into the margin around the fixed image
