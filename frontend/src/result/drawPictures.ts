import type { Size } from "../viewer/geometry";
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

/** Pictures of an image at its position, in shades of one colour; transparent where they do not reach. */
export function coloured(
  pictures: Picture[],
  colour: string,
  canvasFromImage: DOMMatrix,
  { width, height }: Size,
): HTMLCanvasElement {
  const [grey, context] = [newContext(width, height), newContext(width, height)];
  drawPictures(grey, pictures, canvasFromImage);
  context.drawImage(grey.canvas, 0, 0);
  context.globalCompositeOperation = "multiply";
  context.fillStyle = colour;
  context.fillRect(0, 0, width, height);
  context.globalCompositeOperation = "destination-in";
  context.drawImage(grey.canvas, 0, 0);
  return context.canvas;
}
