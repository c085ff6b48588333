import type { ManualAlignment } from "../correct/useManualAlignment";
import type { Role } from "../frame/RoleName";
import { type Camera, panned, zoomed } from "./camera";
import { directionOf } from "./keys";
import { type Panes, paneAt, paneShift, samePlace, steppedPanes, wholePanes } from "./panes";
import type { CanvasSize } from "./useCanvasSize";
import type { PointerActions, PointerPosition } from "./useNavigation";
import type { SceneState } from "./useScene";

const NEAR = 12; // CSS px: a press that close to a marker drags it
const REACH = 20; // CSS px: how far from a picked point its match may be
const MIN_REACH = 3; // px of the fixed image

/** The pane in which the next point is missing. */
export function activePane({ pending }: ManualAlignment): Role {
  return pending.fixed ? "moving" : "fixed";
}

function canvasFrom(role: Role, scene: SceneState, size: CanvasSize): DOMMatrix {
  const matrix = role === "fixed" ? scene.canvasFromFixed : scene.canvasFromMoving;
  return new DOMMatrix().translate(paneShift(role, size), 0).multiply(matrix);
}

function onImage(role: Role, { x, y }: PointerPosition, scene: SceneState, size: CanvasSize): DOMPoint {
  const at = { x: x * size.density, y: y * size.density };
  return canvasFrom(role, scene, size).inverse().transformPoint(at);
}

function reachOf({ fixed, moving }: Panes): number {
  return Math.max(MIN_REACH, REACH / Math.min(fixed.zoom, moving.zoom));
}

/** Pointer actions in the panes: a tap sets a point, a drag that begins at a marker moves it. */
export function pickingActions(
  alignment: ManualAlignment,
  panes: Panes,
  scene: SceneState,
  size: CanvasSize,
  grabbed: { current: { index: number; role: Role } | null },
): PointerActions {
  return {
    begin: (position) => {
      const role = paneAt(position.x, size);
      const matrix = canvasFrom(role, scene, size);
      const index = alignment.pairs.findIndex((pair) => {
        const { x, y } = matrix.transformPoint(pair[role]);
        return Math.hypot(x / size.density - position.x, y / size.density - position.y) < NEAR;
      });
      grabbed.current = index < 0 ? null : { index, role };
      alignment.beginDrag();
      return index >= 0;
    },
    drag: (_, to) => {
      if (!grabbed.current) return;
      const { index, role } = grabbed.current;
      alignment.movePoint(index, role, onImage(role, to, scene, size));
    },
    tap: (position) => {
      if (grabbed.current) return;
      const role = paneAt(position.x, size);
      alignment.addPoint(role, onImage(role, position, scene, size), reachOf(panes));
    },
  };
}

/** What a key does while points are picked: true where it was used, or the changed panes. */
export function pickByKey(
  key: string,
  far: boolean,
  alignment: ManualAlignment,
  panes: Panes,
  scene: SceneState,
  size: CanvasSize,
): Panes | boolean {
  const active = activePane(alignment);
  const alone = alignment.pending.fixed !== undefined || alignment.pending.moving !== undefined;
  const all = (step: (camera: Camera) => Camera) => steppedPanes(panes, step, null);
  const direction = directionOf(key, far);
  if (direction) {
    const step = (camera: Camera) => panned(camera, ...direction);
    return alone ? { ...panes, [active]: step(panes[active]) } : all(step);
  }
  switch (key.toLowerCase()) {
    case "enter": {
      const x = ((active === "fixed" ? 0.25 : 0.75) * size.width) / size.density;
      const at = { x, y: size.height / size.density / 2 };
      alignment.addPoint(active, onImage(active, at, scene, size), reachOf(panes));
      return true;
    }
    case "backspace":
      alignment.undo();
      return true;
    case "+":
    case "=":
      return all((camera) => zoomed(camera, 1.25));
    case "-":
      return all((camera) => zoomed(camera, 0.8));
    case "0":
      return wholePanes(scene.sizes, scene.fixedFromMoving, size);
    case "s":
      return samePlace(panes, scene.fixedFromMoving);
    case "l":
      return { ...panes, linked: !panes.linked };
    default:
      return false;
  }
}
