import { describe, expect, it } from "vitest";
import { TABLES, type TableKey, tableOf } from "./tables";
import { DEFAULT_TONES, automatic, curveOf, limits, readTone, toneText } from "./tones";

describe("toneText", () => {
  const tone = {
    low: 20,
    high: 200,
    gamma: 0.5,
    invert: true,
    table: "viridis",
    colour: "cyan",
  } as const;

  it("is read back, and absent for the default", () => {
    for (const role of ["fixed", "moving"] as const) {
      expect(readTone(toneText(tone, role), role)).toEqual(tone);
      expect(toneText(DEFAULT_TONES[role], role)).toBeNull();
      expect(readTone(null, role)).toEqual(DEFAULT_TONES[role]);
    }
  });

  it.each(["", "a,b,c", "0,255,-3,0,none,none", "300,-5,1"])(
    "reads %s as something that can be shown",
    (text) => {
      const { low, high, gamma } = readTone(text, "fixed");
      expect(low).toBeGreaterThanOrEqual(0);
      expect(high).toBeLessThanOrEqual(255);
      expect(high).toBeGreaterThan(low);
      expect(gamma).toBeGreaterThan(0);
    },
  );
});

describe("limits", () => {
  it("keeps the limit that is set, and the other one beside it", () => {
    expect(limits({ low: 250, high: 100 }, "low")).toEqual({ low: 250, high: 251 });
    expect(limits({ low: 250, high: 100 }, "high")).toEqual({ low: 99, high: 100 });
    expect(limits({ low: 255, high: 255 }, "low")).toEqual({ low: 254, high: 255 });
    expect(limits({ low: 0, high: 0 }, "high")).toEqual({ low: 0, high: 1 });
  });
});

describe("automatic", () => {
  it("saturates a small share of the pixels at either end", () => {
    const histogram = new Uint32Array(256);
    histogram.fill(100, 40, 180);
    histogram[0] = 1;
    histogram[255] = 1;
    const { low, high } = automatic(histogram);
    expect([low, high]).toEqual([40, 179]);
    expect(curveOf({ ...DEFAULT_TONES.fixed, low, high })[0]).toBeCloseTo(40 / 255);
  });

  it("has limits for an image of one level", () => {
    const histogram = new Uint32Array(256);
    histogram[255] = 9;
    const { low, high } = automatic(histogram);
    expect(high).toBeGreaterThan(low);
  });
});

describe("tableOf", () => {
  it("is the grey level itself for grey", () => {
    const table = tableOf("grey");
    for (let level = 0; level < 256; level++)
      expect([...table.slice(4 * level, 4 * level + 4)]).toEqual([level, level, level, 255]);
  });

  it.each(Object.keys(TABLES) as TableKey[])("grows brighter from end to end: %s", (key) => {
    const table = tableOf(key);
    const light = (level: number) =>
      0.21 * table[4 * level]! + 0.72 * table[4 * level + 1]! + 0.07 * table[4 * level + 2]!;
    for (let level = 16; level < 256; level += 16) expect(light(level)).toBeGreaterThan(light(level - 16));
  });
});
