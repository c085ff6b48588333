import type { Image, Mirror, NewRegistration } from "../api/types";
import type { Role } from "../frame/RoleName";

/** The way of one chosen file to the service; `key` tells an upload from the one that replaced it. */
export type Upload =
  | { state: "empty"; key: 0 }
  | { state: "sending"; key: number; file: File; share: number }
  | { state: "refused"; key: number; file: File; message: string }
  | { state: "ready"; key: number; image: Image; spacing: string };

export type Pair = Record<Role, Upload>;
export const EMPTY: Upload = { state: "empty", key: 0 };

export type PairChange =
  | { kind: "start"; role: Role; upload: Upload }
  | { kind: "update"; key: number; upload: Upload }
  | { kind: "space"; role: Role; text: string }
  | { kind: "describe"; image: Image }
  | { kind: "swap" };

export function changePair(pair: Pair, change: PairChange): Pair {
  switch (change.kind) {
    case "start":
      return { ...pair, [change.role]: change.upload };
    case "update": // the image may have been swapped meanwhile, or replaced
      if (pair.fixed.key === change.key) return { ...pair, fixed: change.upload };
      return pair.moving.key === change.key ? { ...pair, moving: change.upload } : pair;
    case "space": {
      const upload = pair[change.role];
      return upload.state === "ready"
        ? { ...pair, [change.role]: { ...upload, spacing: change.text } }
        : pair;
    }
    case "describe": {
      const described = (upload: Upload) =>
        upload.state === "ready" && upload.image.id === change.image.id ? { ...upload, image: change.image } : upload;
      return { fixed: described(pair.fixed), moving: described(pair.moving) };
    }
    case "swap":
      return { fixed: pair.moving, moving: pair.fixed };
  }
}

/** Micrometres per pixel; null where nothing is typed, NaN where it is no positive number. */
export function readSpacing(text: string): number | null {
  if (text.trim() === "") return null;
  const value = Number(text.trim().replace(",", "."));
  return Number.isFinite(value) && value > 0 ? value : Number.NaN;
}

/** True where the text says what the file says, at the precision shown. */
export function agreesWithFile(image: Image, text: string): boolean {
  const typed = readSpacing(text);
  const stated = image.pixel_spacing_um;
  if (typed === null || stated === null) return typed === stated;
  return Math.abs(typed - stated) <= 1e-5 * stated;
}

/** What to submit, or what is still missing, in words. */
export function submissionOf({ fixed, moving }: Pair, mirror: Mirror): NewRegistration | string {
  if (fixed.state === "refused" || moving.state === "refused") return "Replace the image that was refused.";
  if (fixed.state === "sending" || moving.state === "sending") return "Wait for the upload.";
  if (fixed.state === "empty" && moving.state === "empty") return "Choose two images.";
  if (fixed.state === "empty") return "Choose the fixed image.";
  if (moving.state === "empty") return "Choose the moving image.";
  if ([fixed, moving].some((upload) => Number.isNaN(readSpacing(upload.spacing)))) {
    return "Correct the pixel spacing.";
  }
  return {
    mirror,
    fixed_image_id: fixed.image.id,
    moving_image_id: moving.image.id,
    fixed_spacing_um: agreesWithFile(fixed.image, fixed.spacing) ? null : readSpacing(fixed.spacing),
    moving_spacing_um: agreesWithFile(moving.image, moving.spacing) ? null : readSpacing(moving.spacing),
  };
}
