import { type PointerEvent, type RefObject, useEffect, useRef, useState } from "react";
import { type Camera, panned, zoomed } from "./camera";

export interface PointerPosition {
  x: number; // CSS px from the top left of the stage
  y: number;
}

/** Pointer actions that replace panning. */
export interface PointerActions {
  begin: (position: PointerPosition) => boolean; // whether the drag that begins there is an action
  drag: (from: PointerPosition, to: PointerPosition) => void;
  tap: (position: PointerPosition) => void;
}

/** Changes the camera; `at` is the position of the pointer. */
export type ChangeCamera = (step: (camera: Camera) => Camera, at: PointerPosition) => void;

const TAP_PX = 4; // a longer movement is a drag

/** Pointer navigation: drag to pan, two fingers or the wheel to zoom; reports the hover position. */
export function useNavigation(
  stage: RefObject<HTMLElement | null>,
  change: ChangeCamera,
  halves: boolean, // each half of the stage shows one image
  actions: PointerActions | null,
) {
  const pressed = useRef<PointerPosition | null>(null);
  const acting = useRef(false);
  const fingers = useRef(new Map<number, PointerPosition>());
  const [hover, setHover] = useState<PointerPosition | null>(null);

  useEffect(() => {
    const element = stage.current;
    if (!element) return;
    const wheel = (event: WheelEvent) => {
      event.preventDefault(); // React's wheel listener is passive and cannot prevent scrolling
      const at = pointerPosition(element, event);
      const { right, down } = fromMiddle(element, at, halves);
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
      change((camera) => zoomed(camera, 1.0018 ** (-event.deltaY * lines), right, down), at);
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, [stage, change, halves]);

  function down(event: PointerEvent<HTMLElement>): void {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    pressed.current = pointerPosition(event.currentTarget, event);
    fingers.current.set(event.pointerId, pressed.current);
    acting.current = actions?.begin(pressed.current) ?? false;
  }

  function move(event: PointerEvent<HTMLElement>): void {
    const element = event.currentTarget;
    const now = pointerPosition(element, event);
    setHover(now);
    const last = fingers.current.get(event.pointerId);
    if (!last) return;
    const other = [...fingers.current].find(([id]) => id !== event.pointerId)?.[1];
    fingers.current.set(event.pointerId, now);
    if (!other && acting.current) return actions?.drag(last, now);
    if (!other) return change((camera) => panned(camera, now.x - last.x, now.y - last.y), now);
    const factor = distance(now, other) / Math.max(distance(last, other), 1);
    const { right, down } = fromMiddle(element, other, halves);
    change(
      (camera) => panned(zoomed(camera, factor, right, down), (now.x - last.x) / 2, (now.y - last.y) / 2),
      other,
    );
  }

  function up(event: PointerEvent<HTMLElement>): void {
    const now = pointerPosition(event.currentTarget, event);
    fingers.current.delete(event.pointerId);
    if (actions && event.type === "pointerup" && pressed.current && distance(now, pressed.current) < TAP_PX)
      actions.tap(now);
    pressed.current = null;
  }

  return {
    hover,
    handlers: {
      onPointerDown: down,
      onPointerMove: move,
      onPointerUp: up,
      onPointerCancel: up,
      onPointerLeave: () => setHover(null),
    },
  };
}

export function pointerPosition(
  element: HTMLElement,
  { clientX, clientY }: { clientX: number; clientY: number },
): PointerPosition {
  const { left, top } = element.getBoundingClientRect();
  return { x: clientX - left, y: clientY - top };
}

/** CSS px from the middle of the stage, or of the half of it that the position is in. */
function fromMiddle({ clientWidth, clientHeight }: HTMLElement, { x, y }: PointerPosition, halves: boolean) {
  const middle = clientWidth * (!halves ? 1 / 2 : x < clientWidth / 2 ? 1 / 4 : 3 / 4);
  return { right: x - middle, down: y - clientHeight / 2 };
}

function distance(one: PointerPosition, other: PointerPosition): number {
  return Math.hypot(one.x - other.x, one.y - other.y);
}
