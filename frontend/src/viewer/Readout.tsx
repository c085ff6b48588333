import type { ReactNode } from "react";
import type { Result } from "../api/types";
import { RoleName } from "../frame/RoleName";
import { fixedDigits, length } from "../quantities";
import { type CanvasSize, canvasPosition } from "./useCanvasSize";
import type { PointerPosition } from "./useNavigation";
import type { SceneState } from "./useScene";
import "./readout.css";

interface Props {
  sceneState: SceneState;
  size: CanvasSize;
  position: PointerPosition | null; // null: no pointer, show the middle of the picture
  side: boolean;
  result: Result;
  children: ReactNode; // further rows
}

/** Pointer position in px of both images and in micrometres from their first pixel. */
export function Readout({ sceneState, size, position, side, result, children }: Props) {
  const canvas = position ? canvasPosition(position, size, side) : { x: size.width / 2, y: size.height / 2 };
  const fixed = sceneState.canvasFromFixed.inverse().transformPoint(canvas);
  const moving = sceneState.fixedFromMoving.inverse().transformPoint(fixed);
  return (
    <dl className="readout" data-position={position ? "pointer" : "middle"}>
      <Position role="fixed" at={fixed} spacing={result.fixed.pixel_spacing_um} />
      <Position role="moving" at={moving} spacing={result.moving.pixel_spacing_um} />
      {children}
    </dl>
  );
}

function Position({ role, at, spacing }: { role: "fixed" | "moving"; at: DOMPoint; spacing: number | null }) {
  return (
    <div>
      <dt>
        <RoleName role={role} />
      </dt>
      <dd data-position={role}>
        {fixedDigits(at.x, 1)}, {fixedDigits(at.y, 1)} px
        {spacing !== null && (
          <span className="readout-length">
            {" "}
            {length(at.x * spacing)}, {length(at.y * spacing)}
          </span>
        )}
      </dd>
    </div>
  );
}
