import { type Size, magnification } from "./geometry";

/** Tiles of the service: level 0 is the full resolution, each further level halves it. */
export const TILE_SIZE = 512;
const MAX_LEVEL = 7;
const MAX_TILES = 80; // per screen; a level that needs more is finer than the screen

/** An image of an uploaded file. */
export interface ImageSource {
  id: string;
  query: string; // of the channel and frame, with its question mark; empty for the default
}

export interface Tile {
  url: string;
  imageFromTile: DOMMatrix; // from corner coordinates of the tile
}

/** The tiles of one image that the canvas needs; none where the preview is as fine as the canvas. */
export function tilesFor(
  source: ImageSource,
  image: Size,
  preview: Size,
  canvasFromImage: DOMMatrix,
  canvas: Size,
): Tile[] {
  const previewFactor = Math.max(image.width, image.height) / Math.max(preview.width, preview.height);
  const fittingLevel = Math.floor(Math.log2(1 / magnification(canvasFromImage) + 1e-6));
  const level = Math.min(Math.max(fittingLevel, 0), MAX_LEVEL);
  if (previewFactor <= 1 || 2 ** level >= previewFactor) return [];
  const span = TILE_SIZE * 2 ** level;
  const { left, top, right, bottom } = visibleRegion(image, canvasFromImage, canvas);
  const tiles: Tile[] = [];
  for (let row = Math.floor(top / span); row * span < bottom; row++) {
    for (let column = Math.floor(left / span); column * span < right; column++) {
      tiles.push({
        url: `/api/v1/images/${source.id}/tiles/${level}/${column}/${row}${source.query}`,
        imageFromTile: new DOMMatrix().translate(column * span - 0.5, row * span - 0.5).scale(2 ** level),
      });
    }
  }
  return tiles.length > MAX_TILES ? [] : tiles;
}

/** The visible part of the image, in corner coordinates. */
function visibleRegion(image: Size, canvasFromImage: DOMMatrix, canvas: Size) {
  const back = canvasFromImage.inverse();
  const corners = [
    [0, 0],
    [canvas.width, 0],
    [0, canvas.height],
    [canvas.width, canvas.height],
  ].map(([x, y]) => back.transformPoint({ x: x ?? 0, y: y ?? 0 }));
  const [xs, ys] = [corners.map(({ x }) => x + 0.5), corners.map(({ y }) => y + 0.5)];
  return {
    left: Math.max(Math.min(...xs), 0),
    top: Math.max(Math.min(...ys), 0),
    right: Math.min(Math.max(...xs), image.width),
    bottom: Math.min(Math.max(...ys), image.height),
  };
}
