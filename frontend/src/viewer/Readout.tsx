import type { ReactNode } from "react";
import type { Result } from "../api/types";
import { RoleName } from "../frame/RoleName";
import { fixedDigits, length } from "../quantities";
import { type CanvasSize, canvasSpot } from "./useCanvasSize";
import type { Spot } from "./useNavigation";
import type { Sight } from "./useSight";
import "./readout.css";

interface Props {
  sight: Sight;
  size: CanvasSize;
  spot: Spot | null; // null: no pointer, so the middle of the picture is told
  side: boolean;
  result: Result;
  children: ReactNode; // what else is to be told
}

/** Where the pointer is, in the px of both images and in micrometres from their first pixel. */
export function Readout({ sight, size, spot, side, result, children }: Props) {
  const canvas = spot ? canvasSpot(spot, size, side) : { x: size.width / 2, y: size.height / 2 };
  const fixed = sight.canvasFromFixed.inverse().transformPoint(canvas);
  const moving = sight.fixedFromMoving.inverse().transformPoint(fixed);
  return (
    <dl className="readout" data-spot={spot ? "pointer" : "middle"}>
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
        {spacing !== null && <span className="readout-length"> {length(at.x * spacing)}, {length(at.y * spacing)}</span>}
      </dd>
    </div>
  );
}
