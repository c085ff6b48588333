import { type Camera, panned, zoomed } from "./camera";
import { NO_LINE } from "./line";
import { FIRST_MODE, MODE_KEYS } from "./modes";
import { DEFAULT_TONES } from "./tones";
import { type View, WHOLE } from "./view";

/** Keyboard shortcuts while the picture has the focus, as listed in the help. */
export const KEYS: [keys: string, what: string][] = [
  ["Arrows", "pan (with Shift: further)"],
  ["+ −", "zoom"],
  ["0", "whole image"],
  ["D", "detail, where one image shows a part of the other"],
  ["1", "actual pixels"],
  ["M", "next display mode"],
  ["[ ]", "slider"],
  ["B", "before and after registration"],
  ["E", "corner errors"],
  ["U", "unused areas"],
  ["G", "grid"],
  ["P", "profile; Enter sets its ends in the middle of the picture"],
  ["I", "invert the moving image"],
  ["C", "reset contrast and colours"],
];

const STEP = 40; // CSS px
const DIRECTIONS: Record<string, [number, number]> = {
  ArrowLeft: [1, 0],
  ArrowRight: [-1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** By how many CSS px an arrow key pans; null for other keys. */
export function directionOf(key: string, far: boolean): [right: number, down: number] | null {
  const step = far ? 5 * STEP : STEP;
  const direction = DIRECTIONS[key];
  return direction ? [direction[0] * step, direction[1] * step] : null;
}

/** The view change of a key, or null; `camera` is the current camera, `hasDetail` whether one image is a detail. */
export function changeByKey(
  key: string,
  far: boolean,
  view: View,
  camera: Camera,
  hasDetail: boolean,
): Partial<View> | null {
  const direction = directionOf(key, far);
  if (direction) return { camera: panned(camera, ...direction) };
  switch (key.toLowerCase()) {
    case "+":
    case "=":
      return { camera: zoomed(camera, 1.25) };
    case "-":
      return { camera: zoomed(camera, 0.8) };
    case "0":
      return { camera: hasDetail ? WHOLE : null };
    case "d":
      return hasDetail ? { camera: null } : null;
    case "1":
      return { camera: { ...camera, zoom: 1 } };
    case "m":
      return { mode: next(view.mode, far ? -1 : 1) };
    case "[":
      return { blend: Math.max(0, Number((view.blend - 0.05).toFixed(3))) };
    case "]":
      return { blend: Math.min(1, Number((view.blend + 0.05).toFixed(3))) };
    case "b":
      return { before: !view.before };
    case "e":
      return { errors: !view.errors };
    case "u":
      return { unused: !view.unused };
    case "g":
      return { grid: !view.grid };
    case "p":
      return { profile: view.profile ? null : NO_LINE };
    case "i":
      return {
        tones: { ...view.tones, moving: { ...view.tones.moving, invert: !view.tones.moving.invert } },
      };
    case "c":
      return { tones: DEFAULT_TONES };
    default:
      return null;
  }
}

function next(mode: View["mode"], step: number): View["mode"] {
  const at = MODE_KEYS.indexOf(mode) + step + MODE_KEYS.length;
  return MODE_KEYS[at % MODE_KEYS.length] ?? FIRST_MODE;
}
