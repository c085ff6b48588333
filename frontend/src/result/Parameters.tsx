import type { Result } from "../api/types";
import { fixedDigits, length, pixels } from "../quantities";
import "./parameters.css";

interface Row {
  key: string;
  name: string;
  value: string;
  bar?: string | undefined; // half width of the 95 % interval, where there is one
  physical?: string | undefined; // as a length, where the pixel spacing is known
}

/** The four parameters with their 95 % intervals. */
export function Parameters({ result }: { result: Result }) {
  return (
    <table className={result.shift_um === null ? "parameters" : "parameters parameters-physical"}>
      <tbody>
        {rowsOf(result).map((row) => (
          <ParameterRow key={row.key} row={row} />
        ))}
      </tbody>
    </table>
  );
}

function ParameterRow({ row }: { row: Row }) {
  return (
    <tr data-parameter={row.key}>
      <th scope="row">{row.name}</th>
      <td>
        {row.value}
        {row.bar && <span className="bar">± {row.bar}</span>}
      </td>
      <td className="physical">{row.physical}</td>
    </tr>
  );
}

function rowsOf(result: Result): Row[] {
  const [x, y] = result.shift_px;
  const bars = barsOf(result);
  return [
    { key: "angle", name: "Angle", value: `${fixedDigits(result.angle_deg, 3)}°`, bar: bars.angle },
    { key: "scale", name: "Scale", value: fixedDigits(result.scale, 4), bar: bars.scale },
    { key: "shift_x", name: "Shift x", value: pixels(x, 2), bar: bars.x, physical: um(result.shift_um?.[0]) },
    { key: "shift_y", name: "Shift y", value: pixels(y, 2), bar: bars.y, physical: um(result.shift_um?.[1]) },
  ];
}

/** Empty for a refused result: the intervals assume that the match is correct. */
function barsOf({ intervals, verdict }: Result): { angle?: string; scale?: string; x?: string; y?: string } {
  if (!intervals || verdict === "refuse") return {};
  const [x, y] = intervals.shift_px;
  return {
    angle: `${fixedDigits(intervals.angle_deg, 3)}°`,
    scale: fixedDigits(intervals.scale, 4),
    x: pixels(x, 2),
    y: pixels(y, 2),
  };
}

function um(value: number | null | undefined): string | undefined {
  return value === null || value === undefined ? undefined : length(value);
}
