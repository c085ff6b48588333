import { type CSSProperties, useEffect, useRef } from "react";
import type { Registration, Result } from "../api/types";
import type { ManualAlignment } from "../correct/useManualAlignment";
import { useCanvasSize } from "./useCanvasSize";
import { useView } from "./useView";
import { NO_LINE } from "./line";
import { Profile } from "./Profile";
import { Stage } from "./Stage";
import { COLOURS } from "./tables";
import { ToneControls } from "./ToneControls";
import { DEFAULT_TONES } from "./tones";
import type { View } from "./view";
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
    <div className="viewer" style={roleColours(view)}>
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
      {view.profile && alignment === null && (
        <Profile registration={registration} result={result} fixedFromMoving={placed} line={view.profile} />
      )}
      {alignment?.tool !== "points" && <ViewerControls view={view} change={change} />}
      <div className="more-controls">
        <Check
          name="Before registration"
          checked={view.before}
          disabled={alignment !== null}
          onChange={(before) => change({ before })}
        />
        {result.covariance && result.verdict !== "refuse" && corrected === null && (
          <Check
            name="Corner errors"
            checked={view.errors}
            disabled={view.before || view.mode === "side"}
            onChange={(errors) => change({ errors })}
          />
        )}
        {hasUnusedAreas(result) && (
          <Check name="Unused areas" checked={view.unused} onChange={(unused) => change({ unused })} />
        )}
        <Check name="Grid" checked={view.grid} onChange={(grid) => change({ grid })} />
        <Check
          name="Profile"
          checked={view.profile !== null}
          disabled={alignment !== null}
          onChange={(wanted) => change({ profile: wanted ? NO_LINE : null })}
        />
        <ToneControls registration={registration} view={view} change={change} />
        <ViewerHelp />
      </div>
    </div>
  );
}

/** Outlines and names on the images in the colours of the overlay. */
function roleColours({ tones }: View): CSSProperties {
  const css = (["fixed", "moving"] as const)
    .filter((role) => tones[role].colour !== DEFAULT_TONES[role].colour)
    .map((role) => [
      `--on-well-${role}`,
      `rgb(${COLOURS[tones[role].colour].map((part) => 255 * part).join()})`,
    ]);
  return Object.fromEntries(css) as CSSProperties;
}

interface CheckProps {
  name: string;
  checked: boolean;
  disabled?: boolean;
  onChange: (checked: boolean) => void;
}

function Check({ name, onChange, ...state }: CheckProps) {
  return (
    <label className="check">
      <input type="checkbox" {...state} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span>{name}</span>
    </label>
  );
}
