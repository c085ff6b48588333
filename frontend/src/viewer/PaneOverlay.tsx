import { useId } from "react";
import { PaneMarkers } from "../correct/PointMarkers";
import type { ManualAlignment } from "../correct/useManualAlignment";
import type { Role } from "../frame/RoleName";
import { paneShift } from "./panes";
import type { CanvasSize } from "./useCanvasSize";
import type { SceneState } from "./useScene";

const ROLES = ["fixed", "moving"] as const;

interface Props {
  alignment: ManualAlignment;
  size: CanvasSize;
  sceneState: SceneState;
  active: Role; // the pane that a key sets a point in
}

/** Markers of both panes, and the place where Enter sets a point. */
export function PaneOverlay({ alignment, size, sceneState, active }: Props) {
  const id = useId();
  const half = size.width / 2;
  const at = { x: active === "fixed" ? half / 2 : (3 * half) / 2, y: size.height / 2 };
  return (
    <svg className="outlines" viewBox={`0 0 ${size.width} ${size.height}`} aria-hidden="true">
      {ROLES.map((role) => (
        <g key={role} clipPath={`url(#${id}-${role})`} data-pane={role}>
          <clipPath id={`${id}-${role}`}>
            <rect x={role === "fixed" ? 0 : half} width={half} height={size.height} />
          </clipPath>
          <PaneMarkers
            alignment={alignment}
            role={role}
            canvasFromImage={new DOMMatrix()
              .translate(paneShift(role, size), 0)
              .multiply(role === "fixed" ? sceneState.canvasFromFixed : sceneState.canvasFromMoving)}
          />
        </g>
      ))}
      <path className="pane-aim" d={`M${at.x - 12} ${at.y}h24M${at.x} ${at.y - 12}v24`} />
    </svg>
  );
}
