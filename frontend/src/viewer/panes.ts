import type { Role } from "../frame/RoleName";
import { type Camera, canvasFromFixed, fit } from "./camera";
import { boundsOf } from "./detail";
import { type Sizes, outline } from "./geometry";
import type { CanvasSize } from "./useCanvasSize";

/**
 * Two panes for picking points, each with a camera of its own, so that each image is well visible whatever the
 * present transform. The moving image is turned and scaled as by the transform `frame`, so that features look alike.
 */
export interface Panes {
  frame: DOMMatrix; // fixed_from_moving
  fixed: Camera;
  moving: Camera; // in px of the frame
  linked: boolean; // zoom and pan go to both panes
}

/** Both images whole, each in its pane. */
export function wholePanes(sizes: Sizes, frame: DOMMatrix, canvas: CanvasSize): Panes {
  return {
    frame,
    fixed: fit(boundsOf(outline(sizes.fixed, new DOMMatrix())), canvas, true),
    moving: fit(boundsOf(outline(sizes.moving, frame)), canvas, true),
    linked: true,
  };
}

/** The moving pane at the place of the fixed pane, by a transform. */
export function samePlace(panes: Panes, fixedFromMoving: DOMMatrix): Panes {
  return { ...panes, frame: fixedFromMoving, moving: panes.fixed };
}

/** The panes after a step of the camera of one of them, or of both. */
export function steppedPanes(panes: Panes, step: (camera: Camera) => Camera, pane: Role | null): Panes {
  const both = panes.linked || pane === null;
  return {
    ...panes,
    fixed: both || pane === "fixed" ? step(panes.fixed) : panes.fixed,
    moving: both || pane === "moving" ? step(panes.moving) : panes.moving,
  };
}

export function canvasFromMoving({ moving, frame }: Panes, canvas: CanvasSize): DOMMatrix {
  return canvasFromFixed(moving, canvas).multiply(frame);
}

/** The pane at a position in CSS px from the left. */
export function paneAt(x: number, canvas: CanvasSize): Role {
  return x * canvas.density < canvas.width / 2 ? "fixed" : "moving";
}

/** By how many canvas px a half of the canvas shows its image beside where the image lies on the whole canvas. */
export function paneShift(role: Role, canvas: CanvasSize): number {
  return (role === "fixed" ? -1 : 1) * Math.floor(canvas.width / 4);
}
