import type { Role } from "../frame/RoleName";
import { type Camera, cameraText, readCamera } from "./camera";
import { type Line, lineText, readLine } from "./line";
import { FIRST_MODE, type ModeKey, modeKey } from "./modes";
import { type Tone, readTone, toneText } from "./tones";

export const WHOLE = "whole"; // both images whole, where one shows a detail of the other

/** The view settings; all of them are kept in the URL. */
export interface View {
  mode: ModeKey;
  blend: number; // the mode's slider, 0 to 1
  camera: Camera | typeof WHOLE | null; // null: the surroundings of a detail, or the whole fixed image
  before: boolean; // show the images before registration
  errors: boolean; // show the 95 % regions of the corners
  unused: boolean; // hatch what was not used of the images
  grid: boolean; // lines at even distances of the fixed image
  profile: Line | null; // the values along a line; null: the tool is off
  tones: Record<Role, Tone>;
}

export function readView(address: URLSearchParams): View {
  const blend = Number.parseFloat(address.get("blend") ?? "");
  return {
    mode: modeKey(address.get("mode")),
    blend: Number.isFinite(blend) ? Math.min(Math.max(blend, 0), 1) : 0.5,
    camera: address.get("at") === WHOLE ? WHOLE : readCamera(address.get("at")),
    before: address.get("before") === "1",
    errors: address.get("errors") === "1",
    unused: address.get("unused") !== "0",
    grid: address.get("grid") === "1",
    profile: readLine(address.get("profile")),
    tones: {
      fixed: readTone(address.get("fixed_tone"), "fixed"),
      moving: readTone(address.get("moving_tone"), "moving"),
    },
  };
}

/** The URL parameters of a view; defaults are omitted. */
export function writeView({
  mode,
  blend,
  camera,
  before,
  errors,
  unused,
  grid,
  profile,
  tones,
}: View): Record<string, string | null> {
  return {
    mode: mode === FIRST_MODE ? null : mode,
    blend: blend === 0.5 ? null : String(Number(blend.toFixed(3))),
    at: camera === WHOLE ? WHOLE : camera && cameraText(camera),
    before: before ? "1" : null,
    errors: errors ? "1" : null,
    unused: unused ? null : "0",
    grid: grid ? "1" : null,
    profile: lineText(profile),
    fixed_tone: toneText(tones.fixed, "fixed"),
    moving_tone: toneText(tones.moving, "moving"),
  };
}
