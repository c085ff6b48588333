import type { ManualAlignment } from "./useManualAlignment";

/** Snapping of picked points to what the network finds. */
export function PointOptions({ alignment }: { alignment: ManualAlignment }) {
  const { pairs, snapping, snapState } = alignment;
  return (
    <div className="point-options">
      <label className="check">
        <input
          type="checkbox"
          checked={snapping}
          onChange={(event) => alignment.setSnapping(event.currentTarget.checked)}
        />
        <span>Snap points to the images</span>
      </label>
      {pairs.length > 0 && (
        <button type="button" className="link" disabled={snapState === "busy"} onClick={alignment.snapAll}>
          Snap all
        </button>
      )}
      <p className="hint" role="status">
        {snapState === "busy" && "Matching…"}
        {snapState === "undecided" && "Not every point was snapped: the images do not decide its place."}
      </p>
    </div>
  );
}
