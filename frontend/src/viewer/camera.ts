import type { Bounds } from "./detail";
import type { CanvasSize } from "./useCanvasSize";

/** The point of the fixed image at the middle of the canvas, and the zoom in CSS px per px of the fixed image. */
export interface Camera {
  x: number;
  y: number;
  zoom: number;
}

const MARGIN = 36; // CSS px around what is shown whole, for overlapping moving images and the scale bar
const BUTTONS = 60; // the same at the sides: the zoom buttons are at the right
const [MIN_ZOOM, MAX_ZOOM] = [0.01, 64];

/** The camera that shows bounds whole on the canvas, or on half of it. */
export function fit({ left, top, right, bottom }: Bounds, canvas: CanvasSize, halves: boolean): Camera {
  const width = canvas.width / canvas.density / (halves ? 2 : 1);
  const height = canvas.height / canvas.density;
  const [beside, above] = [Math.min(BUTTONS, width / 10), Math.min(MARGIN, width / 10)];
  const zoom = Math.min((width - 2 * beside) / (right - left), (height - 2 * above) / (bottom - top));
  return { x: (left + right) / 2, y: (top + bottom) / 2, zoom: limited(zoom) };
}

export function canvasFromFixed({ x, y, zoom }: Camera, canvas: CanvasSize): DOMMatrix {
  const scale = zoom * canvas.density;
  return new DOMMatrix([
    scale,
    0,
    0,
    scale,
    alignToPixels(canvas.width / 2 - scale * x, scale),
    alignToPixels(canvas.height / 2 - scale * y, scale),
  ]);
}

/** At integer zoom, align image pixels with screen pixels to keep them sharp. */
function alignToPixels(origin: number, scale: number): number {
  return Number.isInteger(scale) ? Math.round(origin - scale / 2) + scale / 2 : origin;
}

/** Pan by an offset in CSS px. */
export function panned(camera: Camera, right: number, down: number): Camera {
  return { ...camera, x: camera.x - right / camera.zoom, y: camera.y - down / camera.zoom };
}

/** Zoom by a factor about the point `right` and `down` CSS px from the middle. */
export function zoomed(camera: Camera, factor: number, right = 0, down = 0): Camera {
  const zoom = limited(camera.zoom * factor);
  const shift = 1 / camera.zoom - 1 / zoom;
  return { x: camera.x + right * shift, y: camera.y + down * shift, zoom };
}

export function cameraText({ x, y, zoom }: Camera): string {
  return [x.toFixed(2), y.toFixed(2), zoom.toPrecision(5)].map(Number).join(",");
}

export function readCamera(text: string | null): Camera | null {
  const [x, y, zoom] = (text ?? "").split(",").map(Number);
  if (x === undefined || y === undefined || zoom === undefined) return null;
  return [x, y, zoom].every(Number.isFinite) && zoom > 0 ? { x, y, zoom: limited(zoom) } : null;
}

function limited(zoom: number): number {
  return Math.min(Math.max(zoom, MIN_ZOOM), MAX_ZOOM);
}
