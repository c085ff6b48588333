import { useMemo } from "react";
import type { Result } from "../api/types";
import { type Field, type Point, displacementAt } from "./field";
import "./fieldMap.css";

const CELLS = 24; // along each side of the map
const LINES = 12; // of the grid
const STEPS = 48; // along a line
const SHOWN = 0.04; // of the longer side: the largest displacement is drawn so long

/** Why this model was chosen; of a field its magnitude, and a grid that it bends. */
export function FieldMap({ result }: { result: Result }) {
  if (result.model_reason === null) return null;
  return (
    <section aria-labelledby="field-title">
      <h2 id="field-title">Distortion</h2>
      <p>{result.model_reason}</p>
      {result.field && <Bent field={result.field} shape={result.fixed.shape} />}
    </section>
  );
}

function Bent({ field, shape }: { field: Field; shape: number[] }) {
  const [rows, columns] = [shape[0] ?? 1, shape[1] ?? 1];
  const { cells, largest, lines, factor } = useMemo(
    () => drawn(field, rows, columns),
    [field, rows, columns],
  );
  return (
    <figure className="field-map">
      <svg
        viewBox={`-0.5 -0.5 ${columns} ${rows}`}
        role="img"
        aria-label={`Displacement field, up to ${largest.toFixed(1)} px`}
      >
        {cells.map(({ x, y, magnitude }) => (
          <rect
            key={`${x} ${y}`}
            x={x - columns / CELLS / 2}
            y={y - rows / CELLS / 2}
            width={columns / CELLS + 0.5}
            height={rows / CELLS + 0.5}
            opacity={largest > 0 ? magnitude / largest : 0}
          />
        ))}
        {lines.map((points) => (
          <polyline key={points} points={points} />
        ))}
      </svg>
      <figcaption className="hint">
        Displacement up to {largest.toFixed(1)} px of the fixed image; the grid shows it {factor.toFixed(1)}{" "}
        times. The overlay places the moving image by the similarity alone; the registered image follows the
        field.
      </figcaption>
    </figure>
  );
}

function drawn(field: Field, rows: number, columns: number) {
  const cells = range(CELLS).flatMap((j) =>
    range(CELLS).map((i) => {
      const [x, y] = [((i + 0.5) / CELLS) * columns - 0.5, ((j + 0.5) / CELLS) * rows - 0.5];
      return { x, y, magnitude: Math.hypot(...displacementAt(field, [x, y])) };
    }),
  );
  const largest = Math.max(...cells.map(({ magnitude }) => magnitude));
  const factor = largest > 0 ? (SHOWN * Math.max(rows, columns)) / largest : 1;
  const moved = (point: Point): string => {
    const [dx, dy] = displacementAt(field, point);
    return `${(point[0] + factor * dx).toFixed(1)},${(point[1] + factor * dy).toFixed(1)}`;
  };
  const line = (at: (share: number) => Point) =>
    range(STEPS + 1)
      .map((k) => moved(at(k / STEPS)))
      .join(" ");
  const lines = range(LINES + 1).flatMap((k) => [
    line((share) => [share * columns - 0.5, (k / LINES) * rows - 0.5]),
    line((share) => [(k / LINES) * columns - 0.5, share * rows - 0.5]),
  ]);
  return { cells, largest, lines, factor };
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index);
