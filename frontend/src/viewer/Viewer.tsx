import { useEffect, useRef } from "react";
import type { Registration, Result } from "../api/types";
import type { ManualAlignment } from "../correct/useManualAlignment";
import { useCanvasSize } from "./useCanvasSize";
import { useView } from "./useView";
import { Stage } from "./Stage";
import { ToneControls } from "./ToneControls";
import { hasUnusedAreas } from "./UnusedAreas";
import { ViewerControls } from "./ViewerControls";
import { ViewerHelp } from "./ViewerHelp";
import "./viewer.css";
import "./stage.css";

interface Props {
  registration: Registration;
  result: Result;
  corrected: DOMMatrix | null; // a manual correction or another place, instead of the result
  placed: DOMMatrix; // the position that the camera looks at where it has no other
  place: number; // the camera returns to the position when another place is chosen
  alignment: ManualAlignment | null;
}

/** The overlay of both images: the browser draws the moving image through the transform. */
export function Viewer({ registration, result, corrected, placed, place, alignment }: Props) {
  const well = useRef<HTMLDivElement>(null);
  const size = useCanvasSize(well);
  const [view, change] = useView();
  const before = useRef(place);
  useEffect(() => {
    if (before.current !== place) change({ camera: null });
    before.current = place;
  }, [place, change]);
  return (
    <div className="viewer">
      <div className="well stage-well" ref={well}>
        {size && (
          <Stage
            registration={registration}
            result={result}
            size={size}
            view={view}
            change={change}
            corrected={corrected}
            placed={placed}
            alignment={alignment}
          />
        )}
      </div>
      <ViewerControls view={view} change={change} />
      <div className="more-controls">
        <label className="check">
          <input
            type="checkbox"
            checked={view.before}
            disabled={alignment !== null}
            onChange={(event) => change({ before: event.currentTarget.checked })}
          />
          <span>Before registration</span>
        </label>
        {result.covariance && result.verdict !== "refuse" && corrected === null && (
          <label className="check">
            <input
              type="checkbox"
              checked={view.errors}
              disabled={view.before || view.mode === "side"}
              onChange={(event) => change({ errors: event.currentTarget.checked })}
            />
            <span>Corner errors</span>
          </label>
        )}
        {hasUnusedAreas(result) && (
          <label className="check">
            <input
              type="checkbox"
              checked={view.unused}
              onChange={(event) => change({ unused: event.currentTarget.checked })}
            />
            <span>Unused areas</span>
          </label>
        )}
        <ToneControls view={view} change={change} />
        <ViewerHelp />
      </div>
    </div>
  );
}
