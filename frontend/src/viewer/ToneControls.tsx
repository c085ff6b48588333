import { useState } from "react";
import { RoleName, type Role } from "../frame/RoleName";
import { fixedDigits } from "../quantities";
import { MAX_CLIP, type Tone, toneText } from "./tones";
import type { ChangeView } from "./useView";
import type { View } from "./view";
import "./tones.css";

/** Contrast of each image on the screen; results and downloads are not affected. */
export function ToneControls({ view, change }: { view: View; change: ChangeView }) {
  const set = (role: Role, tone: Tone) => change(({ tones }) => ({ tones: { ...tones, [role]: tone } }));
  const [open] = useState(() => toneText(view.tones.fixed) !== null || toneText(view.tones.moving) !== null);
  return (
    <details className="tones" open={open}>
      <summary>Contrast</summary>
      <div className="tone-rows">
        {(["fixed", "moving"] as const).map((role) => (
          <ToneRow key={role} role={role} tone={view.tones[role]} onChange={(tone) => set(role, tone)} />
        ))}
      </div>
    </details>
  );
}

function ToneRow({ role, tone, onChange }: { role: Role; tone: Tone; onChange: (tone: Tone) => void }) {
  return (
    <fieldset className="tone">
      <legend>
        <RoleName role={role} />
      </legend>
      <label>
        <span>Clip</span>
        <input
          type="range"
          min={0}
          max={MAX_CLIP}
          step={0.5}
          value={tone.clip}
          aria-label={`Percent of the ${role} image's pixels clipped to black and to white`}
          onChange={(event) => onChange({ ...tone, clip: event.currentTarget.valueAsNumber })}
        />
        <output>{fixedDigits(tone.clip, 1)} %</output>
      </label>
      <label>
        <span>Gamma</span>
        <input
          type="range"
          min={-1}
          max={1}
          step={0.05}
          value={Math.log2(tone.gamma) / 2}
          aria-label={`Gamma of the ${role} image`}
          aria-valuetext={fixedDigits(tone.gamma, 2)}
          onChange={(event) =>
            onChange({ ...tone, gamma: Number((4 ** event.currentTarget.valueAsNumber).toFixed(3)) })
          }
        />
        <output>{fixedDigits(tone.gamma, 2)}</output>
      </label>
      <label className="tone-invert">
        <input
          type="checkbox"
          checked={tone.invert}
          aria-label={`Invert the ${role} image`}
          onChange={(event) => onChange({ ...tone, invert: event.currentTarget.checked })}
        />
        <span>Invert</span>
      </label>
    </fieldset>
  );
}
