import { type Sizes, centreOf, magnification } from "../viewer/geometry";

/** The four parameters of a similarity, as in the result. */
export interface Parameters {
  angle: number; // degrees, +x towards +y
  scale: number;
  x: number; // px of the fixed image, from centre to centre
  y: number;
}

/** The same feature in both images. */
export interface PointPair {
  fixed: { x: number; y: number };
  moving: { x: number; y: number };
  error?: number; // standard error in px of the fixed image, where the images determine the moving point
}

export function isMirrored({ a, b, c, d }: DOMMatrix): boolean {
  return a * d - b * c < 0;
}

export function parametersOf(fixedFromMoving: DOMMatrix, sizes: Sizes): Parameters {
  const [fixed, moving] = [centreOf(sizes.fixed), fixedFromMoving.transformPoint(centreOf(sizes.moving))];
  const { a, b } = fixedFromMoving;
  const angle = (Math.atan2(b, a) * 180) / Math.PI;
  return { angle, scale: magnification(fixedFromMoving), x: moving.x - fixed.x, y: moving.y - fixed.y };
}

export function matrixOf({ angle, scale, x, y }: Parameters, sizes: Sizes, mirrored: boolean): DOMMatrix {
  const [fixed, moving] = [centreOf(sizes.fixed), centreOf(sizes.moving)];
  return new DOMMatrix()
    .translate(fixed.x + x, fixed.y + y)
    .rotate(angle)
    .scale(scale, mirrored ? -scale : scale)
    .translate(-moving.x, -moving.y);
}

/** Least-squares similarity from point pairs; a single pair only changes the shift. */
export function fitSimilarity(pairs: PointPair[], start: DOMMatrix): DOMMatrix {
  const [first] = pairs;
  if (!first) return start;
  if (pairs.length === 1) return shiftedOnto(first, start);
  const flip = isMirrored(start) ? -1 : 1;
  const fixed = mean(pairs.map((pair) => pair.fixed));
  const moving = mean(pairs.map((pair) => pair.moving));
  let [re, im, size] = [0, 0, 0]; // of the complex numbers z of the moving points: sum(conj(z) w) / sum(|z|^2)
  for (const pair of pairs) {
    const [zx, zy] = [pair.moving.x - moving.x, flip * (pair.moving.y - moving.y)];
    const [wx, wy] = [pair.fixed.x - fixed.x, pair.fixed.y - fixed.y];
    re += zx * wx + zy * wy;
    im += zx * wy - zy * wx;
    size += zx * zx + zy * zy;
  }
  if (size === 0 || (re === 0 && im === 0)) return start;
  const [p, q] = [re / size, im / size];
  return new DOMMatrix()
    .translate(fixed.x, fixed.y)
    .multiply(new DOMMatrix([p, q, -flip * q, flip * p, 0, 0]))
    .translate(-moving.x, -moving.y);
}

/** The transform shifted such that it maps the moving point of a pair to its fixed point. */
export function shiftedOnto({ fixed, moving }: PointPair, matrix: DOMMatrix): DOMMatrix {
  const now = matrix.transformPoint(moving);
  return new DOMMatrix().translate(fixed.x - now.x, fixed.y - now.y).multiply(matrix);
}

/** Root mean square of the distances between the points of pairs, in px of the fixed image. */
export function meanResidual(pairs: PointPair[], fixedFromMoving: DOMMatrix): number {
  return Math.sqrt(
    pairs.reduce((sum, pair) => sum + residual(pair, fixedFromMoving) ** 2, 0) / Math.max(pairs.length, 1),
  );
}

/** Distance between the points of a pair, in px of the fixed image. */
export function residual({ fixed, moving }: PointPair, fixedFromMoving: DOMMatrix): number {
  const at = fixedFromMoving.transformPoint(moving);
  return Math.hypot(at.x - fixed.x, at.y - fixed.y);
}

function mean(points: { x: number; y: number }[]): { x: number; y: number } {
  const sum = points.reduce((total, { x, y }) => ({ x: total.x + x, y: total.y + y }), { x: 0, y: 0 });
  return { x: sum.x / points.length, y: sum.y / points.length };
}
