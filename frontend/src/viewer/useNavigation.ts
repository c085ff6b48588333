import { type PointerEvent, type RefObject, useEffect, useRef, useState } from "react";
import { type Camera, panned, zoomed } from "./camera";

export interface Spot {
  x: number; // CSS px from the stage's top left
  y: number;
}

/** What a pointer does instead of moving the view. */
export interface HandPointer {
  begin: () => void;
  drag: ((from: Spot, to: Spot) => void) | null;
  tap: (spot: Spot) => void;
}

const TAP_PX = 4; // a pointer that goes further has dragged

/** What a pointer does with the stage: drag to pan, two fingers or the wheel to zoom, and where it hovers. */
export function useNavigation(
  stage: RefObject<HTMLElement | null>,
  change: (step: (camera: Camera) => Camera) => void,
  hand: HandPointer | null,
) {
  const pressed = useRef<Spot | null>(null);
  const fingers = useRef(new Map<number, Spot>());
  const [hover, setHover] = useState<Spot | null>(null);

  useEffect(() => {
    const element = stage.current;
    if (!element) return;
    const wheel = (event: WheelEvent) => {
      event.preventDefault(); // the page must not scroll meanwhile, for which React listens too late
      const { right, down } = fromMiddle(element, spotOf(element, event));
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 30 : 1;
      change((camera) => zoomed(camera, 1.0018 ** (-event.deltaY * lines), right, down));
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, [stage, change]);

  function down(event: PointerEvent<HTMLElement>): void {
    if (event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    pressed.current = spotOf(event.currentTarget, event);
    fingers.current.set(event.pointerId, pressed.current);
    if (hand?.drag) hand.begin();
  }

  function move(event: PointerEvent<HTMLElement>): void {
    const element = event.currentTarget;
    const now = spotOf(element, event);
    setHover(now);
    const last = fingers.current.get(event.pointerId);
    if (!last) return;
    const other = [...fingers.current].find(([id]) => id !== event.pointerId)?.[1];
    fingers.current.set(event.pointerId, now);
    if (!other && hand?.drag) return hand.drag(last, now);
    if (!other) return change((camera) => panned(camera, now.x - last.x, now.y - last.y));
    const factor = distance(now, other) / Math.max(distance(last, other), 1);
    const { right, down } = fromMiddle(element, other);
    change((camera) => panned(zoomed(camera, factor, right, down), (now.x - last.x) / 2, (now.y - last.y) / 2));
  }

  function up(event: PointerEvent<HTMLElement>): void {
    const now = spotOf(event.currentTarget, event);
    fingers.current.delete(event.pointerId);
    if (hand && event.type === "pointerup" && pressed.current && distance(now, pressed.current) < TAP_PX) hand.tap(now);
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

export function spotOf(element: HTMLElement, { clientX, clientY }: { clientX: number; clientY: number }): Spot {
  const { left, top } = element.getBoundingClientRect();
  return { x: clientX - left, y: clientY - top };
}

function fromMiddle(element: HTMLElement, { x, y }: Spot): { right: number; down: number } {
  return { right: x - element.clientWidth / 2, down: y - element.clientHeight / 2 };
}

function distance(one: Spot, other: Spot): number {
  return Math.hypot(one.x - other.x, one.y - other.y);
}
