import { type Size, magnification } from "./geometry";

/** Tiles as the service cuts them: level 0 are the image's own pixels, each further level is half as fine. */
export const SIDE = 512;
const COARSEST = 7;
const MOST = 80; // on one screen; a level that needs more is finer than the screen

export interface Tile {
  url: string;
  imageFromTile: DOMMatrix; // from its corner coordinates
}

/** The tiles of one image that the canvas needs now; none where the preview is as fine as the canvas. */
export function tilesFor(id: string, image: Size, preview: Size, canvasFromImage: DOMMatrix, canvas: Size): Tile[] {
  const shrunk = Math.max(image.width, image.height) / Math.max(preview.width, preview.height);
  const wanted = Math.floor(Math.log2(1 / magnification(canvasFromImage) + 1e-6));
  const level = Math.min(Math.max(wanted, 0), COARSEST);
  if (shrunk <= 1 || 2 ** level >= shrunk) return [];
  const span = SIDE * 2 ** level;
  const { left, top, right, bottom } = seen(image, canvasFromImage, canvas);
  const tiles: Tile[] = [];
  for (let row = Math.floor(top / span); row * span < bottom; row++) {
    for (let column = Math.floor(left / span); column * span < right; column++) {
      tiles.push({
        url: `/api/v1/images/${id}/tiles/${level}/${column}/${row}`,
        imageFromTile: new DOMMatrix()
          .translate(column * span - 0.5, row * span - 0.5)
          .scale(2 ** level),
      });
    }
  }
  return tiles.length > MOST ? [] : tiles;
}

/** The part of the image (counted from its corner) that lies under the canvas. */
function seen(image: Size, canvasFromImage: DOMMatrix, canvas: Size) {
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
