import type { ReactNode } from "react";
import { outline } from "./geometry";
import type { CanvasSize } from "./useCanvasSize";
import type { SceneState } from "./useScene";

interface Props {
  size: CanvasSize;
  sceneState: SceneState;
  divider: number | null;
  children: ReactNode; // further SVG elements, in canvas px
}

/** Outlines of both images and the dividing line of swipe mode. */
export function Outlines({ size, sceneState, divider, children }: Props) {
  const { sizes, canvasFromFixed, canvasFromMoving } = sceneState;
  return (
    <svg className="outlines" viewBox={`0 0 ${size.width} ${size.height}`} aria-hidden="true">
      <polygon className="outline-fixed" points={text(outline(sizes.fixed, canvasFromFixed))} />
      <polygon className="outline-moving" points={text(outline(sizes.moving, canvasFromMoving))} />
      {divider !== null && <line className="divider" x1={divider} x2={divider} y1={0} y2={size.height} />}
      {children}
    </svg>
  );
}

function text(points: DOMPoint[]): string {
  return points.map(({ x, y }) => `${x.toFixed(2)},${y.toFixed(2)}`).join(" ");
}
