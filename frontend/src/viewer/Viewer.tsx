import { useRef } from "react";
import type { Registration, Result } from "../api/types";
import type { Hand } from "../correct/useHand";
import { useCanvasSize } from "./useCanvasSize";
import { useView } from "./useView";
import { Stage } from "./Stage";
import { ToneControls } from "./ToneControls";
import { ViewerControls } from "./ViewerControls";
import { ViewerHelp } from "./ViewerHelp";
import "./viewer.css";
import "./stage.css";

interface Props {
  registration: Registration;
  result: Result;
  placed: DOMMatrix | null;
  hand: Hand | null;
}

/** The two images, one on the other: the browser draws the moving one through the predicted transform. */
export function Viewer({ registration, result, placed, hand }: Props) {
  const well = useRef<HTMLDivElement>(null);
  const size = useCanvasSize(well);
  const [view, change] = useView();
  return (
    <div className="viewer">
      <div className="well stage-well" ref={well}>
        {size && <Stage registration={registration} result={result} size={size} view={view} change={change} placed={placed} hand={hand} />}
      </div>
      <ViewerControls view={view} change={change} />
      <div className="more-controls">
        <label className="check">
          <input type="checkbox" checked={view.before} disabled={hand !== null} onChange={(event) => change({ before: event.currentTarget.checked })} />
          <span>Before registration</span>
        </label>
        {result.covariance && result.verdict !== "refuse" && placed === null && (
          <label className="check">
            <input type="checkbox" checked={view.errors} disabled={view.before || view.mode === "side"} onChange={(event) => change({ errors: event.currentTarget.checked })} />
            <span>Corner errors</span>
          </label>
        )}
        <ToneControls view={view} change={change} />
        <ViewerHelp />
      </div>
    </div>
  );
}
