import type { ReactNode } from "react";
import type { Registration, Result } from "../api/types";
import { RoleName, type Role } from "../frame/RoleName";
import { fixedDigits, length, measured } from "../quantities";
import { paneAt } from "./panes";
import { type CanvasSize, canvasPosition } from "./useCanvasSize";
import type { PointerPosition } from "./useNavigation";
import type { SceneState } from "./useScene";
import { useValues } from "./useValues";
import "./readout.css";

interface Props {
  registration: Registration;
  sceneState: SceneState;
  size: CanvasSize;
  position: PointerPosition | null; // null: no pointer, show the middle of the picture
  side: boolean;
  result: Result;
  children: ReactNode; // further rows
}

/** Pointer position in px of both images and in micrometres from their first pixel, with the original values there. */
export function Readout({ registration, sceneState, size, position, side, result, children }: Props) {
  const { fixed, moving } = pointed(sceneState, size, position, side);
  const points = position && { fixed: [plain(fixed)], moving: [plain(moving)] };
  const values = useValues(registration, points, "nearest");
  return (
    <dl className="readout" data-position={position ? "pointer" : "middle"}>
      <Position
        role="fixed"
        at={fixed}
        spacing={result.fixed.pixel_spacing_um}
        value={values && (values.fixed[0] ?? null)}
      />
      <Position
        role="moving"
        at={moving}
        spacing={result.moving.pixel_spacing_um}
        value={values && (values.moving[0] ?? null)}
      />
      {children}
    </dl>
  );
}

/** The points of both images at a position; in side-by-side mode that of the other image is by the transform. */
function pointed(
  { canvasFromFixed, canvasFromMoving, fixedFromMoving }: SceneState,
  size: CanvasSize,
  position: PointerPosition | null,
  side: boolean,
): { fixed: DOMPoint; moving: DOMPoint } {
  const canvas = position ? canvasPosition(position, size, side) : { x: size.width / 2, y: size.height / 2 };
  if (side && position && paneAt(position.x, size) === "moving") {
    const moving = canvasFromMoving.inverse().transformPoint(canvas);
    return { fixed: fixedFromMoving.transformPoint(moving), moving };
  }
  const fixed = canvasFromFixed.inverse().transformPoint(canvas);
  return { fixed, moving: fixedFromMoving.inverse().transformPoint(fixed) };
}

function plain({ x, y }: DOMPoint): { x: number; y: number } {
  return { x: Number(x.toFixed(3)), y: Number(y.toFixed(3)) };
}

interface PositionProps {
  role: Role;
  at: DOMPoint;
  spacing: number | null;
  value: number | null; // of the image there; null outside of it and while it is not known
}

function Position({ role, at, spacing, value }: PositionProps) {
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
        {value !== null && (
          <span className="readout-value">
            {" = "}
            <span data-value={role}>{measured(value)}</span>
          </span>
        )}
      </dd>
    </div>
  );
}
