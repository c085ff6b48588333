import { useEffect, useRef, useState } from "react";
import type { Sizes } from "../viewer/geometry";
import { type Parameters, isMirrored, matrixOf, parametersOf } from "./similarity";

interface Props {
  matrix: DOMMatrix;
  sizes: Sizes;
  onBegin: () => void; // an entry, whose values follow
  onChange: (matrix: DOMMatrix) => void;
}

const FIELDS: { key: keyof Parameters; name: string; unit: string; digits: number }[] = [
  { key: "angle", name: "Angle", unit: "°", digits: 3 },
  { key: "scale", name: "Scale", unit: "", digits: 5 },
  { key: "x", name: "Shift x", unit: "px", digits: 2 },
  { key: "y", name: "Shift y", unit: "px", digits: 2 },
];

/** Input fields for the four parameters. */
export function ParameterFields({ matrix, sizes, onBegin, onChange }: Props) {
  const parameters = parametersOf(matrix, sizes);
  const type = (key: keyof Parameters, value: number) =>
    onChange(matrixOf({ ...parameters, [key]: value }, sizes, isMirrored(matrix)));
  return (
    <div className="parameter-fields">
      {FIELDS.map(({ key, name, unit, digits }) => (
        <label key={key}>
          <span>{name}</span>
          <NumberField
            value={parameters[key]}
            digits={digits}
            positive={key === "scale"}
            onBegin={onBegin}
            onChange={(value) => type(key, value)}
          />
          <span className="unit">{unit}</span>
        </label>
      ))}
    </div>
  );
}

interface NumberProps {
  value: number;
  digits: number;
  positive: boolean;
  onBegin: () => void;
  onChange: (value: number) => void;
}

/** Applies each number as it is typed, so that it is seen and can be saved; shows the value again on leaving. */
function NumberField({ value, digits, positive, onBegin, onChange }: NumberProps) {
  const [draft, setDraft] = useState<string | null>(null); // null: nothing is being typed
  const shown = value.toFixed(digits);
  const last = useRef(shown);
  useEffect(() => {
    // What was typed makes way for another value, such as that of an undo.
    if (last.current !== shown)
      setDraft((text) => (readNumber(text, positive)?.toFixed(digits) === shown ? text : null));
    last.current = shown;
  }, [shown, digits, positive]);

  function type(text: string): void {
    if (draft === null) onBegin();
    setDraft(text);
    const typed = readNumber(text, positive);
    if (typed !== null && text !== shown) onChange(typed);
  }

  return (
    <input
      type="text"
      className="field"
      inputMode="decimal"
      value={draft ?? shown}
      onChange={(event) => type(event.currentTarget.value)}
      onBlur={() => setDraft(null)}
      onKeyDown={(event) => event.key === "Enter" && setDraft(null)}
    />
  );
}

function readNumber(text: string | null, positive: boolean): number | null {
  const typed = Number(text?.trim().replace(",", ".").replace("\u2212", "-"));
  return text?.trim() && Number.isFinite(typed) && (!positive || typed > 0) ? typed : null;
}
