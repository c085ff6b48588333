import type { Matrix3 } from "../api/types";

/**
 * Points of an image are (x, y) in px with the origin at the CENTRE of the top-left pixel.
 * Canvas coordinates start at the top-left CORNER, half a pixel away.
 * A transform's name reads as a function: `canvasFromFixed` maps a point of the fixed image to the canvas.
 */
export interface Size {
  width: number;
  height: number;
}

export interface Sizes {
  fixed: Size;
  moving: Size;
}

export function affine(matrix: Matrix3): DOMMatrix {
  const [[a, c, e], [b, d, f]] = matrix;
  return new DOMMatrix([a, b, c, d, e, f]);
}

export function matrix3({ a, b, c, d, e, f }: DOMMatrix): Matrix3 {
  return [
    [a, c, e],
    [b, d, f],
    [0, 0, 1],
  ];
}

/** Text form for data attributes. */
export function matrixText({ a, b, c, d, e, f }: DOMMatrix): string {
  return [a, b, c, d, e, f].join(" ");
}

export function sizeOf(shape: number[]): Size {
  return { width: shape[1] ?? 1, height: shape[0] ?? 1 };
}

export function centreOf({ width, height }: Size): DOMPoint {
  return new DOMPoint((width - 1) / 2, (height - 1) / 2);
}

/** Linear magnification of a similarity. */
export function magnification({ a, b, c, d }: DOMMatrix): number {
  return Math.sqrt(Math.abs(a * d - b * c));
}

/**
 * Maps corner coordinates of a preview to points of its image. The service scales both sides by one factor
 * and then rounds the shorter side to whole pixels; only the longer side gives the exact factor.
 */
export function imageFromPreview(image: Size, preview: Size): DOMMatrix {
  const factor = Math.max(image.width, image.height) / Math.max(preview.width, preview.height);
  return new DOMMatrix().translate(-0.5, -0.5).scale(factor);
}

/** The corners of the image outline (half a pixel outside the centres of the corner pixels), in order. */
export function outline(image: Size, canvasFromImage: DOMMatrix): DOMPoint[] {
  const [right, bottom] = [image.width - 0.5, image.height - 0.5];
  return [
    [-0.5, -0.5],
    [right, -0.5],
    [right, bottom],
    [-0.5, bottom],
  ].map(([x, y]) => canvasFromImage.transformPoint({ x: x ?? 0, y: y ?? 0 }));
}

/** Position before registration: centre on centre, scaled by the pixel spacings where both are known. */
export function unregistered(
  sizes: Sizes,
  spacing: { fixed: number | null; moving: number | null },
): DOMMatrix {
  const scale = spacing.fixed && spacing.moving ? spacing.moving / spacing.fixed : 1;
  const [fixed, moving] = [centreOf(sizes.fixed), centreOf(sizes.moving)];
  return new DOMMatrix().translate(fixed.x, fixed.y).scale(scale).translate(-moving.x, -moving.y);
}

/** Interpolate between two similarities (`share` 0 to 1): rotation and log scale, the centre on a straight line. */
export function interpolateSimilarity(
  from: DOMMatrix,
  to: DOMMatrix,
  share: number,
  centre: DOMPoint,
): DOMMatrix {
  const mirrored = from.a * from.d - from.b * from.c < 0 !== to.a * to.d - to.b * to.c < 0;
  if (share >= 1 || mirrored) return to;
  if (share <= 0) return from;
  const step = to.multiply(from.inverse());
  const angle = (Math.atan2(step.b, step.a) * 180) / Math.PI;
  const [start, end] = [from.transformPoint(centre), to.transformPoint(centre)];
  return new DOMMatrix()
    .translate(start.x + share * (end.x - start.x), start.y + share * (end.y - start.y))
    .rotate(share * angle)
    .scale(magnification(step) ** share)
    .translate(-start.x, -start.y)
    .multiply(from);
}
