import { useEffect, useState } from "react";
import type { Sizes } from "../viewer/geometry";
import { type Parameters, isMirrored, matrixOf, parametersOf } from "./similarity";

interface Props {
  matrix: DOMMatrix;
  sizes: Sizes;
  onChange: (matrix: DOMMatrix) => void;
}

const FIELDS: { key: keyof Parameters; name: string; unit: string; digits: number }[] = [
  { key: "angle", name: "Angle", unit: "°", digits: 3 },
  { key: "scale", name: "Scale", unit: "", digits: 5 },
  { key: "x", name: "Shift x", unit: "px", digits: 2 },
  { key: "y", name: "Shift y", unit: "px", digits: 2 },
];

/** Input fields for the four parameters. */
export function ParameterFields({ matrix, sizes, onChange }: Props) {
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
  onChange: (value: number) => void;
}

/** Applies the input on blur or Enter; restores the value if the input is not a number. */
function NumberField({ value, digits, positive, onChange }: NumberProps) {
  const shown = value.toFixed(digits);
  const [text, setText] = useState(shown);
  useEffect(() => setText(shown), [shown]);
  function take(): void {
    const typed = Number(text.trim().replace(",", ".").replace("\u2212", "-"));
    const fine = text.trim() !== "" && Number.isFinite(typed) && (!positive || typed > 0);
    if (fine && text !== shown) onChange(typed);
    else setText(shown);
  }
  return (
    <input
      type="text"
      className="field"
      inputMode="decimal"
      value={text}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={take}
      onKeyDown={(event) => event.key === "Enter" && take()}
    />
  );
}
