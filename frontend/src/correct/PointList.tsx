import { fixedDigits, length, pixels } from "../quantities";
import { meanResidual, residual } from "./similarity";
import type { ManualAlignment } from "./useManualAlignment";

interface Props {
  alignment: ManualAlignment;
  spacing: number | null; // um for each px of the fixed image
}

/** The point pairs with their residuals, which follow every change. */
export function PointList({ alignment, spacing }: Props) {
  const { pairs, matrix } = alignment;
  const far = (px: number) => `${pixels(px, 2)}${spacing === null ? "" : ` (${length(px * spacing)})`}`;
  return (
    <table className="point-pairs">
      <thead>
        <tr>
          <th scope="col">Pair</th>
          <th scope="col">Residual</th>
          <th scope="col">Snapped</th>
          <td />
        </tr>
      </thead>
      <tbody>
        {pairs.map((pair, index) => (
          <tr key={index}>
            <th scope="row" title={`${fixedDigits(pair.fixed.x, 1)}, ${fixedDigits(pair.fixed.y, 1)} px`}>
              {index + 1}
            </th>
            <td data-residual={residual(pair, matrix)}>{far(residual(pair, matrix))}</td>
            <td>{pair.error === undefined ? "–" : `± ${pixels(pair.error, 2)}`}</td>
            <td>
              <button
                type="button"
                className="link"
                aria-label={`Remove pair ${index + 1}`}
                onClick={() => alignment.removePair(pair)}
              >
                Remove
              </button>
            </td>
          </tr>
        ))}
      </tbody>
      {pairs.length > 2 && (
        <tfoot>
          <tr>
            <th scope="row">RMS</th>
            <td colSpan={3}>{far(meanResidual(pairs, matrix))}</td>
          </tr>
        </tfoot>
      )}
    </table>
  );
}
