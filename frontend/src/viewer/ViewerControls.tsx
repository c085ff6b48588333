import { RoleName } from "../frame/RoleName";
import { MODE_KEYS, modeName, modeOf } from "./modes";
import type { ChangeView } from "./useView";
import type { View } from "./view";

export function ViewerControls({ view, change }: { view: View; change: ChangeView }) {
  return (
    <div className="controls">
      <fieldset className="segments">
        <legend>Show as</legend>
        {MODE_KEYS.map((key) => (
          <label key={key}>
            <input
              type="radio"
              name="mode"
              checked={view.mode === key}
              onChange={() => change({ mode: key })}
            />
            <span>{modeName(key, view.tones)}</span>
          </label>
        ))}
      </fieldset>
      <BlendSlider view={view} change={change} />
    </div>
  );
}

function BlendSlider({ view, change }: { view: View; change: ChangeView }) {
  const { slider } = modeOf(view.mode);
  if (slider === null) return null;
  const text = slider.text(view.blend);
  const images = slider.ends === "images";
  return (
    <div className="blend">
      {images ? <RoleName role="fixed" /> : <span className="blend-name">{slider.label}</span>}
      <input
        type="range"
        min={0}
        max={100}
        value={Math.round(view.blend * 100)}
        aria-label={slider.label}
        aria-valuetext={images ? `${text} moving` : text}
        onChange={(event) => change({ blend: event.currentTarget.valueAsNumber / 100 })}
      />
      {images && <RoleName role="moving" />}
      <output>{text}</output>
    </div>
  );
}
