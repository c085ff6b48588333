import { describe, expect, it } from "vitest";
import { bytes, fixedDigits, groupedDigits, length, pixels, seconds, significant } from "./quantities";

describe("fixedDigits", () => {
  it("uses the Unicode minus, and none for a rounded zero", () => {
    expect(fixedDigits(-1.26, 1)).toBe("\u22121.3");
    expect(fixedDigits(-0.01, 1)).toBe("0.0");
  });
});

describe("length", () => {
  it.each([
    [0.0125, "12.5\u202fnm"],
    [3, "3.00\u202fµm"],
    [1500, "1.50\u202fmm"],
    [-0.5, "\u2212500\u202fnm"],
  ])("gives %d µm in a suitable unit", (um, text) => expect(length(um)).toBe(text));
});

describe("other quantities", () => {
  it("are formatted with units", () => {
    expect(pixels(2, 2)).toBe("2.00\u202fpx");
    expect(significant(0.012345, 2)).toBe("0.012");
    expect(groupedDigits(1234567)).toBe("1\u202f234\u202f567");
    expect([bytes(10), bytes(2_500_000), bytes(3e9)]).toEqual(["1\u202fkB", "2.5\u202fMB", "3.0\u202fGB"]);
    expect([seconds(0.25), seconds(2.34), seconds(12.3)]).toEqual(["250\u202fms", "2.3\u202fs", "12\u202fs"]);
  });
});
