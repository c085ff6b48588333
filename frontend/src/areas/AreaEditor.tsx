import { useMemo, useState } from "react";
import type { Role } from "../frame/RoleName";
import { fixedDigits } from "../quantities";
import type { Size } from "../viewer/geometry";
import type { Area, Kind } from "./area";
import { AreaCanvas } from "./AreaCanvas";
import { AreaList } from "./AreaList";
import { SHAPES, type Shape, useDrawing } from "./useDrawing";
import { useUnusedPicture } from "./useUnusedPicture";

/** An image whose areas are marked. */
export interface Subject {
  role: Role;
  name: string;
  preview: string;
  size: Size;
  runs?: number[] | undefined; // what was used of it, where that is known
}

interface Props {
  subject: Subject;
  areas: Area[];
  onChange: (areas: Area[]) => void;
}

const KINDS: Record<Kind, string> = { exclude: "Do not use", include: "Use only" };
const HINTS: Record<Shape, string> = {
  rectangle: "Drag from corner to corner.",
  polygon: "Click each corner; click the first one again to close the polygon.",
};
const NEUTRAL = [240, 240, 236] as const;

/** Draws areas on one image and lists them. */
export default function AreaEditor({ subject: { role, name, preview, size, runs }, areas, onChange }: Props) {
  const [marked, setMarked] = useState<number | null>(null);
  const near = Math.max(size.width, size.height) / 60; // px of the image: a click closes the polygon
  const drawing = useDrawing(size, near, areas, onChange);
  const unused = useUnusedPicture(runs, size, NEUTRAL);
  const only = useMemo(() => areas.some(({ kind }) => kind === "include"), [areas]);
  const { x, y } = drawing.cursor;
  return (
    <div className="area-editor">
      <div className="area-tools">
        <Choice
          name={`${role}-area-kind`}
          legend="Effect"
          names={KINDS}
          value={drawing.kind}
          onChange={drawing.setKind}
        />
        <Choice
          name={`${role}-area-shape`}
          legend="Shape"
          names={SHAPES}
          value={drawing.shape}
          onChange={drawing.setShape}
        />
        {drawing.shape === "polygon" && (
          <button type="button" disabled={drawing.corners.length < 3} onClick={drawing.close}>
            Close polygon
          </button>
        )}
      </div>
      <AreaCanvas
        label={`Areas of ${name}`}
        preview={preview}
        size={size}
        unused={unused}
        areas={areas}
        marked={marked}
        drawing={drawing}
      />
      <p className="area-position">
        {fixedDigits(x, 1)}, {fixedDigits(y, 1)} px
        {drawing.corners.length > 0 && <span> · corner {drawing.corners.length} set</span>}
      </p>
      <p className="area-spoken" role="status">
        {drawing.spoken}
      </p>
      <p className="hint" id="area-help">
        {HINTS[drawing.shape]} Drag a corner to move it. With the keyboard: arrows move the cross (with Shift
        by 1 px), Enter sets a corner or takes one that is there, Backspace takes it back.
      </p>
      {areas.length > 0 && <AreaList areas={areas} size={size} onChange={onChange} onMark={setMarked} />}
      {only && (
        <p className="hint">
          Only the marked areas are used: data bars and the like are no longer looked for in this image.
        </p>
      )}
    </div>
  );
}

interface ChoiceProps<K extends string> {
  name: string;
  legend: string;
  names: Record<K, string>;
  value: K;
  onChange: (value: K) => void;
}

function Choice<K extends string>({ name, legend, names, value, onChange }: ChoiceProps<K>) {
  return (
    <fieldset className="segments">
      <legend>{legend}</legend>
      {(Object.keys(names) as K[]).map((key) => (
        <label key={key}>
          <input type="radio" name={name} checked={key === value} onChange={() => onChange(key)} />
          <span>{names[key]}</span>
        </label>
      ))}
    </fieldset>
  );
}
