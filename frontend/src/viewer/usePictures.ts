import { type Size, imageFromPreview } from "./geometry";
import { tilesFor } from "./tiles";
import type { Preview } from "./usePreview";
import { useTiles } from "./useTiles";

/** A preview or a tile, and where its corner coordinates lie in the image. */
export interface Picture {
  source: HTMLImageElement;
  imageFromPicture: DOMMatrix;
}

/** What there is to draw of an image at a magnification. */
export interface Pictures {
  pictures: Picture[]; // the preview, and above it the tiles that have come; without it where they cover it
  tilesDrawn: number;
  tilesNeeded: number;
}

export function wholePicture(image: Size, preview: HTMLImageElement): Picture {
  const size = { width: preview.naturalWidth, height: preview.naturalHeight };
  return { source: preview, imageFromPicture: imageFromPreview(image, size) };
}

/** The preview of an image, and the tiles that show more than it does on this canvas; null while it comes. */
export function usePictures(id: string, image: Size, preview: Preview, canvasFromImage: DOMMatrix, canvas: Size): Pictures | null {
  const ready = preview instanceof HTMLImageElement ? preview : null;
  const size = ready && { width: ready.naturalWidth, height: ready.naturalHeight };
  const needed = size ? tilesFor(id, image, size, canvasFromImage, canvas) : [];
  const tiles = useTiles(needed);
  if (!ready || !size) return null;
  const covered = needed.length > 0 && tiles.length === needed.length; // then the preview would be drawn for nothing
  return { pictures: covered ? tiles : [wholePicture(image, ready), ...tiles], tilesDrawn: tiles.length, tilesNeeded: needed.length };
}
