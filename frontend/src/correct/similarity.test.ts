import { describe, expect, it } from "vitest";
import { fitSimilarity, matrixOf, parametersOf, residual } from "./similarity";

const SIZES = { fixed: { width: 256, height: 200 }, moving: { width: 128, height: 100 } };
const PARAMETERS = { angle: 12.5, scale: 1.75, x: -20, y: 8.5 };

describe("parametersOf", () => {
  it.each([false, true])("inverts matrixOf (mirrored: %s)", (mirrored) => {
    const found = parametersOf(matrixOf(PARAMETERS, SIZES, mirrored), SIZES);
    for (const key of ["angle", "scale", "x", "y"] as const) expect(found[key]).toBeCloseTo(PARAMETERS[key]);
  });
});

describe("fitSimilarity", () => {
  const points = [
    { x: 10, y: 12 },
    { x: 100, y: 20 },
    { x: 60, y: 90 },
  ];

  it.each([false, true])("finds the transform of exact pairs (mirrored: %s)", (mirrored) => {
    const truth = matrixOf(PARAMETERS, SIZES, mirrored);
    const pairs = points.map((moving) => ({ fixed: truth.transformPoint(moving), moving }));
    const start = matrixOf({ angle: 0, scale: 1, x: 0, y: 0 }, SIZES, mirrored);
    const found = fitSimilarity(pairs, start);
    for (const pair of pairs) expect(residual(pair, found)).toBeLessThan(1e-6);
  });

  it("is the least-squares solution of pairs that disagree", () => {
    const pairs = [
      { fixed: { x: 0, y: 0 }, moving: { x: 0, y: 0 } },
      { fixed: { x: 10, y: 0 }, moving: { x: 10, y: 0 } },
      { fixed: { x: 5, y: 3 }, moving: { x: 5, y: 0 } },
    ];
    const sum = (matrix: DOMMatrix) => pairs.reduce((total, pair) => total + residual(pair, matrix) ** 2, 0);
    const best = sum(fitSimilarity(pairs, new DOMMatrix()));
    expect(best).toBeCloseTo(6);
    expect(best).toBeLessThan(sum(new DOMMatrix()));
  });

  it("only shifts with a single pair", () => {
    const start = matrixOf(PARAMETERS, SIZES, false);
    const found = fitSimilarity([{ fixed: { x: 50, y: 60 }, moving: { x: 1, y: 2 } }], start);
    const { angle, scale } = parametersOf(found, SIZES);
    expect([angle, scale]).toEqual([expect.closeTo(PARAMETERS.angle), expect.closeTo(PARAMETERS.scale)]);
    expect(residual({ fixed: { x: 50, y: 60 }, moving: { x: 1, y: 2 } }, found)).toBeCloseTo(0);
  });
});
