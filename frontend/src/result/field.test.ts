import { describe, expect, it } from "vitest";
import { type Field, displacementAt } from "./field";

const IDENTITY = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];
const SPLINE = { low: 0, high: 90, intervals: 3 };

function field(smooth: (axis: number, row: number, column: number) => number, drift: number[]): Field {
  const grid = [0, 1].map((axis) =>
    Array.from({ length: 6 }, (_, row) =>
      Array.from({ length: 6 }, (_, column) => smooth(axis, row, column)),
    ),
  );
  const none = [0, 1].map(() => [0, 0, 0, 0, 0, 0]);
  return {
    ...{ moving_from_fixed: IDENTITY, x: SPLINE, y: SPLINE, rows: SPLINE },
    ...{ smooth: grid, drift: [drift, none[1]], error: [[[0]], [[0]]] },
  } as unknown as Field;
}

describe("the displacement", () => {
  it("follows coefficients that rise evenly", () => {
    const rising = field((axis, row, column) => (axis === 0 ? column : row) - 1, [0, 0, 0, 0, 0, 0]);
    const [x, y] = displacementAt(rising, [45, 60]);
    expect(x).toBeCloseTo(1.5);
    expect(y).toBeCloseTo(2);
  });
  it("has the drift of the row that a point lies in", () => {
    const drifting = field(() => 0, [-1, 0, 1, 2, 3, 4]);
    expect(displacementAt(drifting, [10, 45])[0]).toBeCloseTo(1.5);
    expect(displacementAt(drifting, [80, 45])[0]).toBeCloseTo(1.5);
    expect(displacementAt(drifting, [10, 500])[0]).toBeCloseTo(3);
  });
});
