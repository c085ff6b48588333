import type { Result } from "../api/types";
import { type Parameters, parametersOf } from "../correct/similarity";
import { fixedDigits, length, pixels } from "../quantities";
import { type Sizes, affine } from "../viewer/geometry";
import "./parameters.css";

const ROWS: { key: keyof Parameters; parameter: string; name: string; text: (value: number) => string }[] = [
  { key: "angle", parameter: "angle", name: "Angle", text: (value) => `${fixedDigits(value, 3)}°` },
  { key: "scale", parameter: "scale", name: "Scale", text: (value) => fixedDigits(value, 4) },
  { key: "x", parameter: "shift_x", name: "Shift x", text: (value) => pixels(value, 2) },
  { key: "y", parameter: "shift_y", name: "Shift y", text: (value) => pixels(value, 2) },
];

/** Predicted parameters and those of another position, and how far apart the corners are. */
export function CorrectedParameters({
  result,
  corrected,
  sizes,
  name,
}: {
  result: Result;
  corrected: DOMMatrix;
  sizes: Sizes;
  name: string; // of the other position
}) {
  const found = affine(result.fixed_from_moving);
  const [before, after] = [parametersOf(found, sizes), parametersOf(corrected, sizes)];
  const px = cornerDistance(found, corrected, sizes);
  const spacing = result.fixed.pixel_spacing_um;
  return (
    <table className="parameters parameters-corrected">
      <thead>
        <tr>
          <td />
          <th scope="col">Predicted</th>
          <th scope="col">{name}</th>
        </tr>
      </thead>
      <tbody>
        {ROWS.map(({ key, parameter, name, text }) => (
          <tr key={key} data-parameter={parameter}>
            <th scope="row">{name}</th>
            <td className="physical">{text(before[key])}</td>
            <td className="corrected">{text(after[key])}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr data-parameter="moved_by">
          <th scope="row">Corners moved by</th>
          <td colSpan={2}>
            {spacing !== null && <span className="physical">{length(px * spacing)}</span>} {pixels(px, 2)}
          </td>
        </tr>
      </tfoot>
    </table>
  );
}

/** Mean distance over the corners of the fixed image, as for corner errors. */
function cornerDistance(found: DOMMatrix, corrected: DOMMatrix, sizes: Sizes): number {
  const moved = corrected.multiply(found.inverse());
  const [right, bottom] = [sizes.fixed.width - 1, sizes.fixed.height - 1];
  const far = [0, right].flatMap((x) =>
    [0, bottom].map((y) => {
      const now = moved.transformPoint({ x, y });
      return Math.hypot(now.x - x, now.y - y);
    }),
  );
  return far.reduce((sum, one) => sum + one, 0) / far.length;
}
