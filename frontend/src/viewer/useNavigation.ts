import { type PointerEvent, type RefObject, useEffect, useRef, useState } from "react";
import { type Camera, panned, zoomed } from "./camera";

export interface PointerPosition {
  x: number; // CSS px from the top left of the stage
  y: number;
}

/** Pointer actions that replace panning. */
export interface PointerActions {
  begin: () => void;
  drag: ((from: PointerPosition, to: PointerPosition) => void) | null;
  tap: (position: PointerPosition) => void;
}

const TAP_PX = 4; // a longer movement is a drag

/** Pointer navigation: drag to pan, two fingers or the wheel to zoom; reports the hover position. */
export function useNavigation(
  stage: RefObject<HTMLElement | null>,
  change: (step: (camera: Camera) => Camera) => void,
  actions: PointerActions | null,
) {
  const pressed = useRef<PointerPosition | null>(null);
  const fingers = useRef(new Map<number, PointerPosition>());
  const [hover, setHover] = useState<PointerPosition | null>(null);

  useEffect(() => {
    const element = stage.current;
    if (!element) return;
    const wheel = (event: WheelEvent) => {
      event.preventDefault(); // React's wheel listener is passive and cannot prevent scrolling
      const { right, down } = fromMiddle(element, pointerPosition(element, event));
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
      change((camera) => zoomed(camera, 1.0018 ** (-event.deltaY * lines), right, down));
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, [stage, change]);

  function down(event: PointerEvent<HTMLElement>): void {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    pressed.current = pointerPosition(event.currentTarget, event);
    fingers.current.set(event.pointerId, pressed.current);
    if (actions?.drag) actions.begin();
  }

  function move(event: PointerEvent<HTMLElement>): void {
    const element = event.currentTarget;
    const now = pointerPosition(element, event);
    setHover(now);
    const last = fingers.current.get(event.pointerId);
    if (!last) return;
    const other = [...fingers.current].find(([id]) => id !== event.pointerId)?.[1];
    fingers.current.set(event.pointerId, now);
    if (!other && actions?.drag) return actions.drag(last, now);
    if (!other) return change((camera) => panned(camera, now.x - last.x, now.y - last.y));
    const factor = distance(now, other) / Math.max(distance(last, other), 1);
    const { right, down } = fromMiddle(element, other);
    change((camera) =>
      panned(zoomed(camera, factor, right, down), (now.x - last.x) / 2, (now.y - last.y) / 2),
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

function fromMiddle(element: HTMLElement, { x, y }: PointerPosition): { right: number; down: number } {
  return { right: x - element.clientWidth / 2, down: y - element.clientHeight / 2 };
}

function distance(one: PointerPosition, other: PointerPosition): number {
  return Math.hypot(one.x - other.x, one.y - other.y);
}
