import { describe, expect, it } from "vitest";
import type { Result } from "../api/types";
import { cornerErrors, enlargement } from "./cornerErrors";

const SIZES = { fixed: { width: 101, height: 101 }, moving: { width: 101, height: 101 } };
const VARIANCES = { logScale: 0.0004, angle: 0.0001, x: 0.25, y: 0.25 };

function result(verdict: Result["verdict"]): Result {
  const { logScale, angle, x, y } = VARIANCES;
  const covariance = [
    [logScale, 0, 0, 0],
    [0, angle, 0, 0],
    [0, 0, x, 0],
    [0, 0, 0, y],
  ];
  const identity = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ];
  return { verdict, covariance, fixed_from_moving: identity } as unknown as Result;
}

describe("cornerErrors", () => {
  it("propagates the covariance to the four corners", () => {
    const ellipses = cornerErrors(result("accept"), SIZES);
    expect(ellipses).toHaveLength(4);
    const squaredDistance = 50.5 ** 2 * 2; // from the centre to a corner
    const radius = Math.sqrt(-2 * Math.log(0.05));
    for (const { major, minor } of ellipses) {
      expect(major).toBeCloseTo(radius * Math.sqrt(VARIANCES.x + squaredDistance * VARIANCES.logScale));
      expect(minor).toBeCloseTo(radius * Math.sqrt(VARIANCES.x + squaredDistance * VARIANCES.angle));
    }
  });

  it("is empty for a refused result", () => {
    expect(cornerErrors(result("refuse"), SIZES)).toEqual([]);
  });
});

describe("enlargement", () => {
  const ellipse = { x: 0, y: 0, major: 0.1, minor: 0.1, angle: 0 };

  it("is a round factor that makes small ellipses visible", () => {
    expect(enlargement([ellipse], 1)).toBe(200);
  });

  it("is 1 for ellipses that are large enough", () => {
    expect(enlargement([{ ...ellipse, major: 30 }], 1)).toBe(1);
  });
});
