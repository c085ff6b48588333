import type { Options } from "./application";

interface Props {
  options: Options;
  onOptions: (options: Options) => void;
  binned: boolean; // an image has another number of pixels than the moving one
}

const FORMATS: Record<Options["format"], string> = {
  "ome-tiff": "One OME-TIFF",
  tiff: "TIFF for each channel",
};
const INTERPOLATIONS: Record<Options["interpolation"], string> = {
  linear: "Linear",
  cubic: "Cubic",
  nearest: "Nearest (labels)",
};

/** File format and interpolation of further channels. */
export function ApplyOptions({ options, onOptions, binned }: Props) {
  return (
    <div className="apply-options">
      <label>
        <span>Files</span>
        <select
          value={options.format}
          onChange={(event) =>
            onOptions({ ...options, format: event.currentTarget.value as Options["format"] })
          }
        >
          {Object.entries(FORMATS).map(([key, name]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>Between pixels</span>
        <select
          value={options.interpolation}
          onChange={(event) =>
            onOptions({ ...options, interpolation: event.currentTarget.value as Options["interpolation"] })
          }
        >
          {Object.entries(INTERPOLATIONS).map(([key, name]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {binned && (
        <label className="check apply-field">
          <input
            type="checkbox"
            checked={options.same_field}
            onChange={(event) => onOptions({ ...options, same_field: event.currentTarget.checked })}
          />
          <span>Images with another number of pixels show the same field</span>
        </label>
      )}
    </div>
  );
}
