import { describe, expect, it } from "vitest";
import type { Image, ImageChoice } from "../api/types";
import {
  choicesOf,
  chosenOf,
  initialChoice,
  isUndecided,
  lineOf,
  previewOf,
  spectrumOf,
  statedSpacing,
  withFrame,
} from "./choice";

function channel(number: number, more: Partial<ImageChoice> = {}): ImageChoice {
  return {
    ...{ channel: number, name: `C${number}`, kind: "image", frames: 1, pixel_spacing_um: number + 1 },
    ...{ spacing_source: "OME metadata", ...more },
  } as ImageChoice;
}

function file(choices: ImageChoice[], more: Partial<Image> = {}): Image {
  const base = {
    default_channel: null,
    choice_needed: true,
    pixel_spacing_um: 1,
    spacing_source: "OME metadata",
  };
  return { ...base, links: { preview: "/preview" }, choices, ...more } as Image;
}

const THREE = file([channel(0), channel(1), channel(2, { frames: 5 }), channel(3, { kind: "preview" })]);

describe("choice of an image in a file", () => {
  it("is needed where the file has no default", () => {
    expect(isUndecided(THREE, initialChoice(THREE))).toBe(true);
    expect(isUndecided(THREE, withFrame(THREE, 1))).toBe(false);
    const one = file([channel(0)], { default_channel: 0, choice_needed: false });
    expect(isUndecided(one, initialChoice(one))).toBe(false);
    expect(previewOf(one, initialChoice(one))).toBe("/preview");
  });

  it("begins with the first frame of a stack", () => {
    const stack = file([channel(0, { frames: 4 })], { default_channel: 0 });
    expect(initialChoice(stack)).toEqual({ channel: null, frame: 0 });
    expect(isUndecided(stack, initialChoice(stack))).toBe(false);
    expect(previewOf(THREE, withFrame(THREE, 2))).toBe("/preview?channel=2&frame=0");
  });

  it("offers everything but previews", () => {
    expect(choicesOf(THREE).map(({ name }) => name)).toEqual(["C0", "C1", "C2"]);
    expect(chosenOf(THREE, { channel: 9, frame: null })).toBeNull();
  });

  it("names lines and windows of a spectrum map", () => {
    const total = channel(1, { kind: "map", name: "EDS: total counts", width: 40 });
    const eds = file([channel(0), total], { default_channel: 0, choice_needed: false });
    const choice = { channel: lineOf(spectrumOf(eds)!, " Fe_Ka "), frame: null };
    expect(choice.channel).toBe("EDS:Fe_Ka");
    expect(chosenOf(eds, choice)).toMatchObject({ name: "EDS:Fe_Ka", width: 40 });
    expect(previewOf(eds, choice)).toBe("/preview?channel=EDS%3AFe_Ka");
    expect(spectrumOf(THREE)).toBeNull();
  });

  it("has the pixel spacing of the channel, unless one was given for the file", () => {
    expect(statedSpacing(THREE, withFrame(THREE, 1)).um).toBe(2);
    expect(statedSpacing({ ...THREE, spacing_source: "given" }, withFrame(THREE, 1)).um).toBe(1);
  });
});
