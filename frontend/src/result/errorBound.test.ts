import { describe, expect, it } from "vitest";
import type { Result } from "../api/types";
import { RADIUS } from "../viewer/cornerErrors";
import { errorBound, errorBoundText } from "./errorBound";

const SHIFT_ONLY = [0, 0, 0.04, 0.01].map((variance, i) =>
  [0, 0, 0, 0].map((zero, j) => (i === j ? variance : zero)),
);

function result(verdict: Result["verdict"], error?: number[][][]): Result {
  return {
    verdict,
    covariance: SHIFT_ONLY,
    fixed_from_moving: [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ],
    fixed: { shape: [100, 100], pixel_spacing_um: 0.05 },
    moving: { shape: [100, 100] },
    field: error ? { error } : null,
  } as unknown as Result;
}

describe("errorBound", () => {
  it("is the major axis of the largest corner ellipse", () => {
    expect(errorBound(result("accept"))).toBeCloseTo(0.2 * RADIUS);
  });

  it("includes the largest error of a field", () => {
    const error = [[[0.1, 0.15]], [[0.05, 0.02]]];
    expect(errorBound(result("accept", error))).toBeCloseTo(RADIUS * Math.hypot(0.2, 0.15));
  });

  it("is unknown for a refused result, and no text", () => {
    expect(errorBound(result("refuse"))).toBeNull();
    expect(errorBoundText(result("refuse"))).toBe("");
  });
});

it("is a claim for accepted results only", () => {
  expect(errorBoundText(result("accept"))).toMatch(/^Off by at most 0\.5.px \(24.nm\), 95.%$/);
  expect(errorBoundText(result("review"))).toMatch(/^If this is the place, off by at most/);
});
