import { useState } from "react";
import type { Size } from "./geometry";
import { type Picture, wholePicture } from "./picture";
import { type ImageSource, tilesFor } from "./tiles";
import type { Preview } from "./usePreview";
import { useTiles } from "./useTiles";

/** The pictures of one image to draw at a magnification. */
export interface Pictures {
  pictures: Picture[]; // the preview and the loaded tiles above it; the tiles only where they cover it
  tilesDrawn: number;
  tilesNeeded: number;
}

/** The preview of an image and the tiles of higher resolution; null while the preview loads. */
export function usePictures(
  source: ImageSource,
  image: Size,
  preview: Preview,
  canvasFromImage: DOMMatrix,
  canvas: Size,
): Pictures | null {
  const ready = preview instanceof HTMLImageElement ? preview : null;
  const size = ready && { width: ready.naturalWidth, height: ready.naturalHeight };
  const needed = size ? tilesFor(source, image, size, canvasFromImage, canvas) : [];
  const tiles = useTiles(needed);
  const covered = needed.length > 0 && tiles.length === needed.length; // the preview would be invisible
  const [before, setBefore] = useState<Picture[]>([]); // stay until others cover them
  const last = tiles.at(-1)?.source;
  if (covered && before.at(-1)?.source !== last) setBefore(tiles);
  if (!ready || !size) return null;
  const below = needed.length > 0 ? before : [];
  return {
    pictures: covered ? tiles : [wholePicture(image, ready), ...below, ...tiles],
    tilesDrawn: tiles.length,
    tilesNeeded: needed.length,
  };
}
