import type { Sizes } from "../viewer/geometry";
import { wholePicture } from "../viewer/usePictures";
import { drawPictures, newContext } from "./drawPictures";

/** A square of the fixed image, in its px. */
export interface Place {
  x: number;
  y: number;
  side: number;
}

const GRID = 160; // px: the longest side of the maps that are searched
const SHARE = 1 / 7; // of the fixed image's shorter side, that a crop shows at most

/**
 * The places where both images say most about their position: structure in two directions (the smaller
 * eigenvalue of the structure tensor, Shi and Tomasi 1994) in the one and in the other, far from each other.
 */
export function informativePlaces(
  previews: { fixed: HTMLImageElement; moving: HTMLImageElement },
  sizes: Sizes,
  fixedFromMoving: DOMMatrix,
  count: number,
  largest: number, // side of a crop, in px
): Place[] {
  const factor = Math.min(1, GRID / Math.max(sizes.fixed.width, sizes.fixed.height));
  const grid = { width: Math.ceil(sizes.fixed.width * factor), height: Math.ceil(sizes.fixed.height * factor) };
  const gridFromFixed = new DOMMatrix().scale(factor).translate(0.5, 0.5);
  const maps = (["fixed", "moving"] as const).map((role) => {
    const context = newContext(grid.width, grid.height);
    const place = role === "fixed" ? gridFromFixed : gridFromFixed.multiply(fixedFromMoving);
    drawPictures(context, [wholePicture(sizes[role], previews[role])], place);
    return context.getImageData(0, 0, grid.width, grid.height);
  });
  const apart = Math.min(grid.width, grid.height) * SHARE;
  const reach = Math.max(3, Math.round(Math.min(apart, largest * factor) / 2));
  const scores: { x: number; y: number; score: number }[] = [];
  for (let y = reach; y < grid.height - reach; y += 2) {
    for (let x = reach; x < grid.width - reach; x += 2) {
      const [one, two] = maps.map((map) => structure(map, x, y, reach));
      if (one && two) scores.push({ x, y, score: one * two });
    }
  }
  scores.sort((a, b) => b.score - a.score);
  const best: { x: number; y: number }[] = [];
  for (const spot of scores) {
    if (best.length === count) break;
    if (best.every(({ x, y }) => Math.hypot(x - spot.x, y - spot.y) > Math.max(apart, 2 * reach))) best.push(spot);
  }
  const side = Math.min((2 * reach) / factor, largest);
  return best.map(({ x, y }) => ({ x: onGrid(x / factor), y: onGrid(y / factor), side }));
}

/** Between two pixels: those of a square of even side then lie on those of its crop, and stay sharp. */
function onGrid(at: number): number {
  return Math.round(at) - 0.5;
}

/** The smaller eigenvalue of the summed structure tensor around a spot; null where the image does not reach. */
function structure({ data, width }: ImageData, x: number, y: number, reach: number): number | null {
  let [xx, xy, yy] = [0, 0, 0];
  for (let v = y - reach + 1; v < y + reach - 1; v += 2) {
    for (let u = x - reach + 1; u < x + reach - 1; u += 2) {
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
