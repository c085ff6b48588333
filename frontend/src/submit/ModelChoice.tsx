import type { TransformModel } from "../api/types";

const CHOICES: Record<TransformModel, string> = {
  similarity: "Rotation, scale and shift",
  affine: "Tilt, shear and oblong pixels too",
  rigid: "Rotation and shift, scale as known",
  translation: "Shift only",
};

interface Props {
  model: TransformModel;
  onModel: (model: TransformModel) => void;
}

/** The family of the transform that is searched. */
export function ModelChoice({ model, onModel }: Props) {
  return (
    <label className="mirror-choice">
      <span>Transform</span>
      <select value={model} onChange={(event) => onModel(event.currentTarget.value as TransformModel)}>
        {Object.entries(CHOICES).map(([key, words]) => (
          <option key={key} value={key}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}
