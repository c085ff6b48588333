import { type RefObject, useEffect, useState } from "react";
import type { Size } from "./geometry";

export interface CanvasSize extends Size {
  density: number; // canvas px per CSS px
}

/** The current size of an element in device pixels. */
export function useCanvasSize(element: RefObject<HTMLElement | null>): CanvasSize | null {
  const [size, setSize] = useState<CanvasSize | null>(null);
  useEffect(() => {
    const target = element.current;
    if (!target) return;
    const observer = new ResizeObserver(() => {
      const density = window.devicePixelRatio || 1;
      const { width, height } = target.getBoundingClientRect();
      setSize({ width: Math.round(width * density), height: Math.round(height * density), density });
    });
    observer.observe(target);
    return () => observer.disconnect();
  }, [element]);
  return size;
}

/** Canvas px of a position in CSS px; in side-by-side mode each half shows the middle of the canvas. */
export function canvasPosition(
  position: { x: number; y: number },
  { width, density }: CanvasSize,
  side: boolean,
): { x: number; y: number } {
  const [x, y] = [position.x * density, position.y * density];
  if (!side) return { x, y };
  return { x: x + (x < width / 2 ? 1 : -1) * Math.floor(width / 4), y };
}
