import { describe, expect, it } from "vitest";
import { NO_LINE, lengthOf, lineText, readLine, samples, withEnd } from "./line";

const LINE = [
  { x: 1, y: 2.5 },
  { x: 4, y: 6.5 },
];

describe("lineText", () => {
  it("is read back", () => {
    for (const line of [null, NO_LINE, LINE]) expect(readLine(lineText(line))).toEqual(line);
  });

  it.each(["", "1", "1,2", "1,2,a,4"])("reads %s as a tool without a line", (text) => {
    expect(readLine(text)).toEqual(NO_LINE);
  });
});

describe("samples", () => {
  it("go from end to end at most a px apart", () => {
    const points = samples(LINE);
    expect([points[0], points.at(-1)]).toEqual(LINE);
    expect(lengthOf(LINE)).toBe(5);
    expect(lengthOf(points.slice(0, 2))).toBeLessThanOrEqual(1);
  });

  it("are none without a whole line", () => {
    expect(samples(withEnd(NO_LINE, LINE[0]!))).toEqual([]);
    expect(withEnd(withEnd(LINE, LINE[0]!), LINE[1]!)).toEqual(LINE);
  });
});
