import { describe, expect, it } from "vitest";
import { DEFAULT_TONE, curveOf, readTone, toneText } from "./tones";

function uniform(): Uint32Array {
  return new Uint32Array(256).fill(10);
}

describe("curveOf", () => {
  it("maps the whole range without clipping", () => {
    expect(curveOf(DEFAULT_TONE, uniform())).toEqual([0, 1, 1, 0]);
  });

  it("clips the same percentage at both ends", () => {
    const [low, gain, exponent, invert] = curveOf({ clip: 10, gamma: 2, invert: true }, uniform());
    expect(Math.round(low * 255)).toBe(25);
    expect(Math.round(low * 255 + 255 / gain)).toBe(230);
    expect([exponent, invert]).toEqual([2, 1]);
  });
});

describe("toneText", () => {
  it("is null for the default, which needs no URL parameter", () => {
    expect(toneText(DEFAULT_TONE)).toBeNull();
  });

  it("is read back", () => {
    const tone = { clip: 2.5, gamma: 0.5, invert: true };
    expect(readTone(toneText(tone))).toEqual(tone);
  });

  it.each([null, "x", "1"])("gives the default for %s", (text) => {
    expect(readTone(text)).toEqual(DEFAULT_TONE);
  });
});
