import type { UsableAreas } from "../api/types";
import { unusedRectangles } from "../areas/unusedPicture";
import { type Sizes, magnification } from "../viewer/geometry";
import { wholePicture } from "../viewer/picture";
import { drawPictures, newContext } from "./drawPictures";

/** A square of the fixed image, in px. */
export interface Patch {
  x: number;
  y: number;
  side: number;
}

const MAP_SIZE = 160; // px, longest side of the searched maps
const LEAST_CLEARED = 0.5; // px of a map
const MAX_FRACTION = 1 / 7; // largest side of a patch, as a fraction of the shorter side of the fixed image

/**
 * Patches with structure in two directions in both images, far from each other. The score is the smaller
 * eigenvalue of the structure tensor (Shi and Tomasi 1994), multiplied over both images.
 */
export function informativePatches(
  previews: { fixed: HTMLImageElement; moving: HTMLImageElement },
  sizes: Sizes,
  fixedFromMoving: DOMMatrix,
  count: number,
  maxSide: number, // side of a patch, in px
  used: UsableAreas | null, // no patch shows what was not used
): Patch[] {
  const factor = Math.min(1, MAP_SIZE / Math.max(sizes.fixed.width, sizes.fixed.height));
  const grid = {
    width: Math.ceil(sizes.fixed.width * factor),
    height: Math.ceil(sizes.fixed.height * factor),
  };
  const gridFromFixed = new DOMMatrix().scale(factor).translate(0.5, 0.5);
  const maps = (["fixed", "moving"] as const).map((role) => {
    const context = newContext(grid.width, grid.height);
    const canvasFromImage = role === "fixed" ? gridFromFixed : gridFromFixed.multiply(fixedFromMoving);
    drawPictures(context, [wholePicture(sizes[role], previews[role])], canvasFromImage);
    clearUnused(context, used?.[role]?.runs ?? [], sizes[role].width, canvasFromImage);
    return context.getImageData(0, 0, grid.width, grid.height);
  });
  const minDistance = Math.min(grid.width, grid.height) * MAX_FRACTION;
  const halfSide = Math.max(3, Math.round(Math.min(minDistance, maxSide * factor) / 2));
  const scores: { x: number; y: number; score: number }[] = [];
  for (let y = halfSide; y < grid.height - halfSide; y += 2) {
    for (let x = halfSide; x < grid.width - halfSide; x += 2) {
      const [one, two] = maps.map((map) => structure(map, x, y, halfSide));
      if (one && two) scores.push({ x, y, score: one * two });
    }
  }
  scores.sort((a, b) => b.score - a.score);
  const best: { x: number; y: number }[] = [];
  for (const position of scores) {
    if (best.length === count) break;
    if (
      best.every(
        ({ x, y }) => Math.hypot(x - position.x, y - position.y) > Math.max(minDistance, 2 * halfSide),
      )
    )
      best.push(position);
  }
  const side = Math.min((2 * halfSide) / factor, maxSide);
  return best.map(({ x, y }) => ({ x: roundToBoundary(x / factor), y: roundToBoundary(y / factor), side }));
}

/** Make what was not used transparent, except for single pixels. */
function clearUnused(
  context: CanvasRenderingContext2D,
  runs: number[],
  width: number,
  canvasFromImage: DOMMatrix,
): void {
  const area = magnification(canvasFromImage) ** 2;
  context.setTransform(canvasFromImage);
  context.globalCompositeOperation = "destination-out";
  for (const [left, top, right, bottom] of unusedRectangles(runs, width)) {
    if ((right - left) * (bottom - top) * area > LEAST_CLEARED)
      context.fillRect(left - 0.5, top - 0.5, right - left, bottom - top);
  }
}

/** Round to a pixel boundary, so that the pixels of a patch with an even side stay sharp. */
function roundToBoundary(at: number): number {
  return Math.round(at) - 0.5;
}

/** The smaller eigenvalue of the summed structure tensor around a position; null outside the image. */
function structure({ data, width }: ImageData, x: number, y: number, halfSide: number): number | null {
  let [xx, xy, yy] = [0, 0, 0];
  for (let v = y - halfSide + 1; v < y + halfSide - 1; v += 2) {
    for (let u = x - halfSide + 1; u < x + halfSide - 1; u += 2) {
      const at = 4 * (v * width + u);
      if (data[at + 3] !== 255) return null;
      const right = (data[at + 4] ?? 0) - (data[at - 4] ?? 0);
      const down = (data[at + 4 * width] ?? 0) - (data[at - 4 * width] ?? 0);
      xx += right * right;
      xy += right * down;
      yy += down * down;
    }
  }
  return (xx + yy) / 2 - Math.sqrt(((xx - yy) / 2) ** 2 + xy * xy);
}
