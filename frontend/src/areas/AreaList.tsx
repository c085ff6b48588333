import type { Size } from "../viewer/geometry";
import { type Area, type Edges, cornersOf, edgesOf, rectangle } from "./area";

interface Props {
  areas: Area[];
  size: Size;
  onChange: (areas: Area[]) => void;
  onMark: (index: number | null) => void; // the area to emphasise in the picture
}

const KINDS = { exclude: "Not used", include: "Only used" } as const;
const FIELDS = { left: "Left", top: "Top", right: "Right", bottom: "Bottom" } as const;

/** The areas of one image; the edges of a rectangle can be typed. */
export function AreaList({ areas, size, onChange, onMark }: Props) {
  return (
    <ol className="area-list">
      {areas.map((area, index) => {
        const edges = edgesOf(area);
        const name = `${KINDS[area.kind]}: ${edges ? "rectangle" : "polygon"} ${index + 1}`;
        const replace = (changed: Edges) =>
          onChange(areas.with(index, { ...area, rings: [cornersOf(changed)] }));
        return (
          <li
            key={index}
            className={`area-item area-item-${area.kind}`}
            onPointerEnter={() => onMark(index)}
            onPointerLeave={() => onMark(null)}
            onFocus={() => onMark(index)}
            onBlur={() => onMark(null)}
          >
            <span className="area-name">{name}</span>
            <button
              type="button"
              className="link"
              aria-label={`Remove ${name}`}
              onClick={() => {
                onMark(null);
                onChange(areas.filter((_, other) => other !== index));
              }}
            >
              Remove
            </button>
            {edges ? (
              <EdgeFields name={name} edges={edges} size={size} onChange={replace} />
            ) : (
              <span className="hint">{area.rings[0]?.length} corners</span>
            )}
          </li>
        );
      })}
    </ol>
  );
}

interface FieldsProps {
  name: string;
  edges: Edges;
  size: Size;
  onChange: (edges: Edges) => void;
}

/** First and last pixel of a rectangle, from 0. */
function EdgeFields({ name, edges, size, onChange }: FieldsProps) {
  const { left, top, right, bottom } = edges;
  const pixels = { left: left + 0.5, top: top + 0.5, right: right - 0.5, bottom: bottom - 0.5 };
  const set = (key: keyof Edges, value: number) => {
    if (Number.isNaN(value)) return;
    const wanted: Edges = { ...pixels, [key]: value };
    const { left, top, right, bottom } = wanted;
    if (right < left || bottom < top) return;
    onChange(rectangle({ x: left - 0.5, y: top - 0.5 }, { x: right + 0.5, y: bottom + 0.5 }, size));
  };
  return (
    <span className="area-edges">
      {Object.entries(FIELDS).map(([key, label]) => (
        <label key={key}>
          <span>{label}</span>
          <input
            type="number"
            className="field"
            min={0}
            max={(key === "left" || key === "right" ? size.width : size.height) - 1}
            value={Math.round(pixels[key as keyof Edges])}
            aria-label={`${label} pixel of ${name}`}
            onChange={(event) => set(key as keyof Edges, event.currentTarget.valueAsNumber)}
          />
        </label>
      ))}
    </span>
  );
}
