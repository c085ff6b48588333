import type { Result } from "../api/types";
import { length, pixels } from "../quantities";
import { RADIUS, cornerErrors } from "../viewer/cornerErrors";
import { sizeOf } from "../viewer/geometry";

/**
 * How far a corner may be off with 95 % confidence, in px of the fixed image; null where that is unknown.
 * The error of a bent image's field, at its worst point, adds in quadrature.
 */
export function errorBound(result: Result): number | null {
  const ellipses = cornerErrors(result, {
    fixed: sizeOf(result.fixed.shape),
    moving: sizeOf(result.moving.shape),
  });
  if (ellipses.length === 0) return null;
  const corner = Math.max(...ellipses.map(({ major }) => major));
  return Math.hypot(corner, RADIUS * Math.max(0, ...(result.field?.error.flat(2) ?? [])));
}

/** "1.3 px (65 nm)" with a space that does not break; the length where the pixel spacing is known. */
export function boundText(px: number, spacing: number | null): string {
  const value = pixels(px, px < 9.95 ? 1 : 0);
  return spacing === null ? value : `${value} (${length(px * spacing, 2)})`;
}

/** The error that a result leads with; empty for a refused or corrected one. */
export function errorBoundText(result: Result): string {
  const px = errorBound(result);
  if (px === null) return "";
  const bound = `ff by at most ${boundText(px, result.fixed.pixel_spacing_um)}, 95\u202f%`;
  return result.verdict === "accept" ? `O${bound}` : `If this is the place, o${bound}`;
}
