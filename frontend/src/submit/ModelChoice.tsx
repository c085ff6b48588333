import type { TransformModel } from "../api/types";
import { OptionChoice } from "./OptionChoice";

const CHOICES: Record<TransformModel, string> = {
  similarity: "Rotation, scale and shift",
  affine: "Tilt, shear and oblong pixels too",
  rigid: "Rotation and shift, scale as known",
  translation: "Shift only",
  field: "Smooth bending and scan drift too",
  auto: "As simple as the images allow",
};

interface Props {
  model: TransformModel;
  onModel: (model: TransformModel) => void;
}

/** The family of the transform that is searched. */
export function ModelChoice({ model, onModel }: Props) {
  return <OptionChoice label="Transform" choices={CHOICES} value={model} onChoice={onModel} />;
}
