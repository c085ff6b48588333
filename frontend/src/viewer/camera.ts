import { type Size, centreOf } from "./geometry";
import type { CanvasSize } from "./useCanvasSize";

/** The point of the fixed image at the middle of the canvas, and CSS px per px of the fixed image. */
export interface Camera {
  x: number;
  y: number;
  zoom: number;
}

const MARGIN = 36; // CSS px around the fixed image: the moving one may reach beyond it, and the scale bar is clear
const [SMALLEST, LARGEST] = [0.01, 64];

/** The view in which the whole fixed image is seen, on the whole canvas or on half of it. */
export function fit(fixed: Size, canvas: CanvasSize, halves: boolean): Camera {
  const width = canvas.width / canvas.density / (halves ? 2 : 1);
  const height = canvas.height / canvas.density;
  const margin = Math.min(MARGIN, width / 10);
  const zoom = Math.min((width - 2 * margin) / fixed.width, (height - 2 * margin) / fixed.height);
  const { x, y } = centreOf(fixed);
  return { x, y, zoom: Math.max(zoom, SMALLEST) };
}

export function canvasFromFixed({ x, y, zoom }: Camera, canvas: CanvasSize): DOMMatrix {
  const scale = zoom * canvas.density;
  return new DOMMatrix([scale, 0, 0, scale, onGrid(canvas.width / 2 - scale * x, scale), onGrid(canvas.height / 2 - scale * y, scale)]);
}

/** Where pixels are shown one to one (or one to a whole number) they lie on the screen's own, and stay sharp. */
function onGrid(origin: number, scale: number): number {
  return Number.isInteger(scale) ? Math.round(origin - scale / 2) + scale / 2 : origin;
}

/** Drawn by so many CSS px. */
export function panned(camera: Camera, right: number, down: number): Camera {
  return { ...camera, x: camera.x - right / camera.zoom, y: camera.y - down / camera.zoom };
}

/** Zoomed by a factor; what is `right` and `down` CSS px from the middle stays where it is. */
export function zoomed(camera: Camera, factor: number, right = 0, down = 0): Camera {
  const zoom = Math.min(Math.max(camera.zoom * factor, SMALLEST), LARGEST);
  const shift = 1 / camera.zoom - 1 / zoom;
  return { x: camera.x + right * shift, y: camera.y + down * shift, zoom };
}

export function cameraText({ x, y, zoom }: Camera): string {
  return [x.toFixed(2), y.toFixed(2), zoom.toPrecision(5)].map(Number).join(",");
}

export function readCamera(text: string | null): Camera | null {
  const [x, y, zoom] = (text ?? "").split(",").map(Number);
  if (x === undefined || y === undefined || zoom === undefined) return null;
  return [x, y, zoom].every(Number.isFinite) && zoom > 0
    ? { x, y, zoom: Math.min(Math.max(zoom, SMALLEST), LARGEST) }
    : null;
}
