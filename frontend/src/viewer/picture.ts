import { type Size, imageFromPreview } from "./geometry";

/** A preview or a tile, with the transform from its corner coordinates to the image. */
export interface Picture {
  source: HTMLImageElement;
  imageFromPicture: DOMMatrix;
}

/** The preview as a picture of the whole image. */
export function wholePicture(image: Size, preview: HTMLImageElement): Picture {
  const size = { width: preview.naturalWidth, height: preview.naturalHeight };
  return { source: preview, imageFromPicture: imageFromPreview(image, size) };
}
