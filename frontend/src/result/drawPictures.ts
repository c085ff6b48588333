import type { Picture } from "../viewer/picture";

/** Draw the pictures of an image on a canvas, the last one on top. */
export function drawPictures(
  context: CanvasRenderingContext2D,
  pictures: Picture[],
  canvasFromImage: DOMMatrix,
): void {
  context.resetTransform();
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
  context.imageSmoothingQuality = "high";
  for (const { source, imageFromPicture } of pictures) {
    context.setTransform(canvasFromImage.multiply(imageFromPicture));
    context.drawImage(source, 0, 0);
  }
}

export function newContext(width: number, height: number): CanvasRenderingContext2D {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("The browser offers no 2D canvas.");
  return context;
}
