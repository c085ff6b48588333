import { describe, expect, it } from "vitest";
import { guessWords, inRoles, withoutWord } from "./roleWords";

describe("guessWords", () => {
  it.each([
    [["a_fixed.tif", "a_moving.tif", "notes.txt"], { fixed: "fixed", moving: "moving" }],
    [
      ["area 2-BSE.tif", "area 2-XRF.tif", "area 10-BSE.tif", "area 10-XRF.tif"],
      { fixed: "bse", moving: "xrf" },
    ],
    [["eds_1.tif", "se_1.tif"], { fixed: "se", moving: "eds" }],
    [["1.tif", "2.tif"], null],
  ])("finds the words of %j", (names, words) => {
    expect(guessWords(names)).toEqual(words);
  });
});

describe("withoutWord", () => {
  it("finds whole words only, in any capitals", () => {
    expect(withoutWord("Area_Moving.OME.tif", "moving")).toBe("area");
    expect(withoutWord("removing.tif", "moving")).toBeNull();
    expect(withoutWord("a.tif", "")).toBeNull();
  });
});

describe("inRoles", () => {
  it("puts the fixed image first", () => {
    const files = [new File([], "b_moving.png"), new File([], "b_fixed.png")];
    expect(inRoles(files).map(({ name }) => name)).toEqual(["b_fixed.png", "b_moving.png"]);
  });
});
