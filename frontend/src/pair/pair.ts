import { type Area, maskOf } from "../areas/area";
import type { Image, Mirror, NewRegistration, TransformModel } from "../api/types";
import type { Role } from "../frame/RoleName";
import { type Choice, chosenSize, initialChoice, isUndecided, statedSpacing } from "./choice";

/** State of one upload; `key` distinguishes an upload from the one that replaced it. */
export type Upload =
  | { state: "empty"; key: 0 }
  | { state: "sending"; key: number; file: File; share: number }
  | { state: "refused"; key: number; file: File; message: string; retry: boolean }
  | { state: "ready"; key: number; image: Image; spacing: string; areas: Area[]; choice: Choice };

export type Pair = Record<Role, Upload>;
export const EMPTY: Upload = { state: "empty", key: 0 };

export type PairAction =
  | { kind: "start"; role: Role; upload: Upload }
  | { kind: "update"; key: number; upload: Upload }
  | { kind: "space"; role: Role; text: string }
  | { kind: "areas"; role: Role; areas: Area[] }
  | { kind: "choose"; role: Role; choice: Choice }
  | { kind: "describe"; image: Image }
  | { kind: "swap" };

export function pairReducer(pair: Pair, action: PairAction): Pair {
  switch (action.kind) {
    case "start":
      return { ...pair, [action.role]: action.upload };
    case "update": // the upload may have been swapped or replaced meanwhile
      if (pair.fixed.key === action.key) return { ...pair, fixed: action.upload };
      return pair.moving.key === action.key ? { ...pair, moving: action.upload } : pair;
    case "space": {
      const upload = pair[action.role];
      return upload.state === "ready"
        ? { ...pair, [action.role]: { ...upload, spacing: action.text } }
        : pair;
    }
    case "areas": {
      const upload = pair[action.role];
      return upload.state === "ready" ? { ...pair, [action.role]: { ...upload, areas: action.areas } } : pair;
    }
    case "choose": {
      const upload = pair[action.role];
      return upload.state === "ready" ? { ...pair, [action.role]: withChoice(upload, action.choice) } : pair;
    }
    case "describe": {
      const described = (upload: Upload) =>
        upload.state === "ready" && upload.image.id === action.image.id
          ? { ...upload, image: action.image }
          : upload;
      return { fixed: described(pair.fixed), moving: described(pair.moving) };
    }
    case "swap":
      return { fixed: pair.moving, moving: pair.fixed };
  }
}

export type Ready = Extract<Upload, { state: "ready" }>;

/** A new upload, with the default choice of an image. */
export function ready(key: number, image: Image): Ready {
  const choice = initialChoice(image);
  const spacing = spacingText(statedSpacing(image, choice).um);
  return { state: "ready", key, image, choice, spacing, areas: [] };
}

/** Another image of the file; a pixel spacing that the user has changed is kept, and areas if the size is the same. */
function withChoice(upload: Ready, choice: Choice): Ready {
  const spacing = agreesWithFile(upload, upload.spacing)
    ? spacingText(statedSpacing(upload.image, choice).um)
    : upload.spacing;
  const [before, now] = [chosenSize(upload.image, upload.choice), chosenSize(upload.image, choice)];
  const same = before.width === now.width && before.height === now.height;
  return { ...upload, choice, spacing, areas: same ? upload.areas : [] };
}

function spacingText(spacing: number | null): string {
  return spacing === null ? "" : String(Number(spacing.toPrecision(6)));
}

/** Micrometres per pixel; null for empty input, NaN unless it is a positive number. */
export function readSpacing(text: string): number | null {
  if (text.trim() === "") return null;
  const value = Number(text.trim().replace(",", "."));
  return Number.isFinite(value) && value > 0 ? value : Number.NaN;
}

/** Whether the input equals the spacing of the file at the precision shown. */
export function agreesWithFile({ image, choice }: Pick<Ready, "image" | "choice">, text: string): boolean {
  const typed = readSpacing(text);
  const stated = statedSpacing(image, choice).um;
  if (typed === null || stated === null) return typed === stated;
  return Math.abs(typed - stated) <= 1e-5 * stated;
}

/** The request body, or a text that states what is missing. */
export function submissionOf(
  { fixed, moving }: Pair,
  mirror: Mirror,
  model: TransformModel,
): NewRegistration | string {
  if (fixed.state === "refused" || moving.state === "refused") return "Replace the image that was refused.";
  if (fixed.state === "sending" || moving.state === "sending") return "Wait for the upload.";
  if (fixed.state === "empty" && moving.state === "empty") return "Choose two images.";
  if (fixed.state === "empty") return "Choose the fixed image.";
  if (moving.state === "empty") return "Choose the moving image.";
  for (const [role, { image, choice }] of Object.entries({ fixed, moving })) {
    if (isUndecided(image, choice)) return `Choose an image of the ${role} file.`;
  }
  if ([fixed, moving].some((upload) => Number.isNaN(readSpacing(upload.spacing)))) {
    return "Correct the pixel spacing.";
  }
  return {
    mirror,
    model,
    fixed_image_id: fixed.image.id,
    moving_image_id: moving.image.id,
    fixed_channel: fixed.choice.channel,
    fixed_frame: fixed.choice.frame,
    moving_channel: moving.choice.channel,
    moving_frame: moving.choice.frame,
    fixed_spacing_um: agreesWithFile(fixed, fixed.spacing) ? null : readSpacing(fixed.spacing),
    moving_spacing_um: agreesWithFile(moving, moving.spacing) ? null : readSpacing(moving.spacing),
    fixed_mask: maskOf(fixed.areas),
    moving_mask: maskOf(moving.areas),
  };
}
