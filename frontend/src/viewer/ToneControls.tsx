import { useMemo, useState } from "react";
import type { Registration } from "../api/types";
import { RoleName, type Role } from "../frame/RoleName";
import { fixedDigits } from "../quantities";
import { HistogramLimits } from "./HistogramLimits";
import { capitalised } from "./modes";
import { COLOURS, type ColourKey, TABLES, type TableKey } from "./tables";
import { DEFAULT_TONES, type Tone, automatic, histogramOf, toneText } from "./tones";
import { usePreview } from "./usePreview";
import type { ChangeView } from "./useView";
import type { View } from "./view";
import "./tones.css";

const ROLES = ["fixed", "moving"] as const;

interface Props {
  registration: Registration;
  view: View;
  change: ChangeView;
}

/** Contrast and colours of each image on the screen; results and downloads are not affected. */
export function ToneControls({ registration, view, change }: Props) {
  const [open, setOpen] = useState(() => ROLES.some((role) => toneText(view.tones[role], role) !== null));
  return (
    <details className="tones" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Contrast and colours</summary>
      {open && (
        <div className="tone-rows">
          {ROLES.map((role) => (
            <ToneFields
              key={role}
              role={role}
              preview={registration.links[`${role}_preview`]}
              tone={view.tones[role]}
              onChange={(part) =>
                change(({ tones }) => ({ tones: { ...tones, [role]: { ...tones[role], ...part } } }))
              }
            />
          ))}
        </div>
      )}
    </details>
  );
}

interface FieldsProps {
  role: Role;
  preview: string;
  tone: Tone;
  onChange: (part: Partial<Tone>) => void;
}

function ToneFields({ role, preview, tone, onChange }: FieldsProps) {
  const loaded = usePreview(preview);
  const histogram = useMemo(
    () => (loaded instanceof HTMLImageElement ? histogramOf(loaded) : new Uint32Array(256)),
    [loaded],
  );
  return (
    <fieldset className="tone">
      <legend>
        <RoleName role={role} />
      </legend>
      <div className="tone-actions">
        <label className="check">
          <input
            type="checkbox"
            checked={tone.invert}
            aria-label={`Invert the ${role} image`}
            onChange={(event) => onChange({ invert: event.currentTarget.checked })}
          />
          <span>Invert</span>
        </label>
        <button
          type="button"
          className="link"
          aria-label={`Automatic contrast of the ${role} image`}
          onClick={() => onChange({ ...automatic(histogram), gamma: 1 })}
        >
          Automatic
        </button>
        <button
          type="button"
          className="link"
          aria-label={`Reset contrast and colours of the ${role} image`}
          onClick={() => onChange(DEFAULT_TONES[role])}
        >
          Reset
        </button>
      </div>
      <HistogramLimits role={role} histogram={histogram} tone={tone} onChange={onChange} />
      <label className="tone-gamma">
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
            onChange({ gamma: Number((4 ** event.currentTarget.valueAsNumber).toFixed(3)) })
          }
        />
        <output>{fixedDigits(tone.gamma, 2)}</output>
      </label>
      <label className="tone-choice">
        <span>Alone</span>
        <select
          aria-label={`Lookup table of the ${role} image`}
          value={tone.table}
          onChange={(event) => onChange({ table: event.currentTarget.value as TableKey })}
        >
          {Object.entries(TABLES).map(([key, [name]]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label className="tone-choice">
        <span>Overlay</span>
        <select
          aria-label={`Colour of the ${role} image in the overlay`}
          value={tone.colour}
          onChange={(event) => onChange({ colour: event.currentTarget.value as ColourKey })}
        >
          {Object.keys(COLOURS).map((key) => (
            <option key={key} value={key}>
              {capitalised(key)}
            </option>
          ))}
        </select>
      </label>
    </fieldset>
  );
}
