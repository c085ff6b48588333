import type { ReactNode } from "react";
import { outline } from "./geometry";
import type { CanvasSize } from "./useCanvasSize";
import type { Sight } from "./useSight";

interface Props {
  size: CanvasSize;
  sight: Sight;
  divider: number | null;
  children: ReactNode; // what else is drawn there, in canvas px
}

/** The frames of both images, and the line between the two halves of a picture. */
export function Outlines({ size, sight, divider, children }: Props) {
  const { sizes, canvasFromFixed, fixedFromMoving } = sight;
  return (
    <svg className="outlines" viewBox={`0 0 ${size.width} ${size.height}`} aria-hidden="true">
      <polygon className="outline-fixed" points={text(outline(sizes.fixed, canvasFromFixed))} />
      <polygon className="outline-moving" points={text(outline(sizes.moving, canvasFromFixed.multiply(fixedFromMoving)))} />
      {divider !== null && <line className="divider" x1={divider} x2={divider} y1={0} y2={size.height} />}
      {children}
    </svg>
  );
}

function text(points: DOMPoint[]): string {
  return points.map(({ x, y }) => `${x.toFixed(2)},${y.toFixed(2)}`).join(" ");
}
