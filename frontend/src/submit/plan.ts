import type { Mirror, TransformModel } from "../api/types";
import { isUndecided, statedSpacing } from "../pair/choice";
import { type Pair, type Ready, readSpacing } from "../pair/pair";

/** What is done to the moving image, for each family of transforms. */
const ACTIONS: Record<TransformModel, string> = {
  similarity: "rotated, scaled and shifted",
  affine: "rotated, scaled, shifted, and stretched or sheared where a tilt shows,",
  rigid: "rotated and shifted",
  translation: "shifted",
  field: "rotated, scaled, shifted and smoothly bent",
  auto: "rotated, scaled and shifted, and stretched or bent only if the images demand it,",
};
const SPACING_ERROR = 0.1; // relative error of known pixel spacings that the search covers
const FIELD_RATIO = 10; // fields of view of unknown scale differ by at most this factor
const MIRRORED: Record<Mirror, string> = {
  no: "The same side is up in both images: none is mirrored.",
  yes: "The moving image is mirrored first.",
  try: "It is also searched mirrored, and the better answer is kept.",
};

/** What will happen to a pair when it is submitted; null until both images are ready. */
export function planOf({ fixed, moving }: Pair, mirror: Mirror, model: TransformModel): string | null {
  if (fixed.state !== "ready" || moving.state !== "ready") return null;
  if ([fixed, moving].some(({ image, choice }) => isUndecided(image, choice))) return null;
  const spacings = [spacingOf(fixed), spacingOf(moving)] as const;
  if (spacings.some((um) => Number.isNaN(um))) return null;
  const images = `${moving.image.name} is ${ACTIONS[model]} to match ${fixed.image.name}.`;
  return [images, scaleWords(...spacings, model), MIRRORED[mirror]].join(" ");
}

/** The same of many pairs, of which `known` state both pixel spacings. */
export function planOfMany(pairs: number, known: number, mirror: Mirror, model: TransformModel): string {
  const each = `In each pair, the moving image is ${ACTIONS[model]} to match the fixed one.`;
  return [each, scaleOfMany(pairs, known, model), MIRRORED[mirror]].join(" ");
}

/** The pixel spacing that the registration uses: the entered one, or else that of the file. */
export function spacingOf({ image, choice, spacing }: Ready): number | null {
  return readSpacing(spacing) ?? statedSpacing(image, choice).um;
}

function scaleWords(fixed: number | null, moving: number | null, model: TransformModel): string {
  const held = model === "rigid" || model === "translation";
  if (fixed !== null && moving !== null) {
    const scale = moving / fixed;
    const sizes = `Pixels of ${short(fixed)} µm (fixed) and ${short(moving)} µm (moving)`;
    if (held) return `${sizes} set the scale, ${short(scale)}.`;
    const range = [1 - SPACING_ERROR, 1 + SPACING_ERROR].map((factor) => short(scale * factor));
    return `${sizes} give a scale of ${short(scale)}: it is searched from ${range.join(" to ")}.`;
  }
  const unknown =
    fixed === null && moving === null
      ? "No pixel size is known"
      : `The pixel size of the ${fixed === null ? "fixed" : "moving"} image is not known`;
  return held ? `${unknown}: the scale stays 1.` : `${unknown}: ${SEARCHED}.`;
}

const SEARCHED = `the scale is searched, up to a factor of ${FIELD_RATIO} between the fields of view`;

function scaleOfMany(pairs: number, known: number, model: TransformModel): string {
  const held = model === "rigid" || model === "translation";
  const by = held ? "set the scale" : "give the scale, which is searched within 10 %";
  const without = held ? "the scale stays 1" : SEARCHED;
  if (known === pairs) return `Pixel sizes are known and ${by}.`;
  if (known === 0) return `Pixel sizes are not known: ${without}.`;
  return `Pixel sizes are known in ${known} of ${pairs} pairs and ${by}; elsewhere, ${without}.`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
