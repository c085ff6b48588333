import { describe, expect, it } from "vitest";
import type { Image, TransformModel } from "../api/types";
import { EMPTY, type Pair, ready } from "../pair/pair";
import { planOf, planOfMany } from "./plan";

function pairOf(fixed: number | null, moving: number | null): Pair {
  const image = (name: string, um: number | null) =>
    ready(1, {
      id: name,
      name,
      pixel_spacing_um: um,
      choices: [] as unknown[],
      choice_needed: false,
    } as Image);
  return { fixed: image("bse.tif", fixed), moving: image("xrf.tif", moving) };
}

describe("planOf", () => {
  it("names the images, the pixel sizes, the range of the scale and the mirror image", () => {
    expect(planOf(pairOf(0.02, 0.05), "no", "similarity")).toBe(
      "xrf.tif is rotated, scaled and shifted to match bse.tif. Pixels of 0.02 µm (fixed) and 0.05 µm (moving) " +
        "give a scale of 2.5: it is searched from 2.25 to 2.75. The same side is up in both images: none is mirrored.",
    );
  });

  it.each([
    [null, null, "similarity", "No pixel size is known: the scale is searched"],
    [0.1, null, "affine", "The pixel size of the moving image is not known: the scale is searched"],
    [null, 0.1, "translation", "The pixel size of the fixed image is not known: the scale stays 1."],
    [0.1, 0.1, "rigid", "set the scale, 1."],
  ] as [number | null, number | null, TransformModel, string][])(
    "states the scale of pixels of %j and %j µm with the model %s",
    (fixed, moving, model, words) => expect(planOf(pairOf(fixed, moving), "no", model)).toContain(words),
  );

  it("uses an entered pixel size", () => {
    const pair = pairOf(null, 0.05);
    const entered: Pair = { ...pair, fixed: { ...pair.fixed, spacing: "0,1" } as Pair["fixed"] };
    expect(planOf(entered, "no", "similarity")).toContain("a scale of 0.5: it is searched from 0.45 to 0.55");
  });

  it("is null until both images can be used", () => {
    expect(planOf({ ...pairOf(1, 1), moving: EMPTY }, "no", "similarity")).toBeNull();
    const pair = pairOf(1, 1);
    const wrong: Pair = { ...pair, fixed: { ...pair.fixed, spacing: "wide" } as Pair["fixed"] };
    expect(planOf(wrong, "no", "similarity")).toBeNull();
  });
});

describe("planOfMany", () => {
  it.each([
    [3, 3, "Pixel sizes are known and give the scale"],
    [3, 0, "Pixel sizes are not known: the scale is searched"],
    [3, 1, "known in 1 of 3 pairs"],
  ])("states that of %i pairs %i have known pixel sizes", (pairs, known, words) =>
    expect(planOfMany(pairs, known, "try", "similarity")).toContain(words),
  );
});
