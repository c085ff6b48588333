import type { Line } from "./line";
import { paneShift } from "./panes";
import type { CanvasSize } from "./useCanvasSize";

interface Props {
  line: Line;
  size: CanvasSize;
  canvasFromFixed: DOMMatrix;
  side: boolean;
}

/** The line of the profile; in side-by-side mode on both images. */
export function ProfileLine({ line, size, canvasFromFixed, side }: Props) {
  const [one, other] = line.map((point) => canvasFromFixed.transformPoint(point));
  const shifts = side ? [paneShift("fixed", size), paneShift("moving", size)] : [0];
  return (
    <svg className="outlines" viewBox={`0 0 ${size.width} ${size.height}`} aria-hidden="true">
      {one &&
        shifts.map((shift) => (
          <g key={shift} className="profile-line" transform={`translate(${shift})`}>
            {other && <path className="profile-halo" d={`M${one.x} ${one.y}L${other.x} ${other.y}`} />}
            {other && <path d={`M${one.x} ${one.y}L${other.x} ${other.y}`} />}
            {[one, other].map((end, index) => end && <circle key={index} cx={end.x} cy={end.y} r={5} />)}
          </g>
        ))}
    </svg>
  );
}
