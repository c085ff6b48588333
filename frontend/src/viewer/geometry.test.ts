import { describe, expect, it } from "vitest";
import {
  affine,
  centreOf,
  imageFromPreview,
  interpolateSimilarity,
  magnification,
  matrix3,
  outline,
  unregistered,
} from "./geometry";

const SIZES = { fixed: { width: 200, height: 100 }, moving: { width: 100, height: 50 } };

function at(matrix: DOMMatrix, x: number, y: number): [number, number] {
  const point = matrix.transformPoint({ x, y });
  return [point.x, point.y];
}

describe("affine", () => {
  it("maps points as the 3 x 3 matrix of the API does", () => {
    const matrix = affine([
      [0, -2, 5],
      [2, 0, 7],
      [0, 0, 1],
    ]);
    expect(at(matrix, 3, 4)).toEqual([-3, 13]);
    expect(magnification(matrix)).toBeCloseTo(2);
  });

  it("is inverted by matrix3", () => {
    const rows: [[number, number, number], [number, number, number], [number, number, number]] = [
      [1.5, -0.25, 3],
      [0.25, 1.5, -4],
      [0, 0, 1],
    ];
    expect(matrix3(affine(rows))).toEqual(rows);
  });
});

describe("imageFromPreview", () => {
  it("maps the corner of a preview half a pixel outside the first pixel's centre", () => {
    const matrix = imageFromPreview({ width: 4096, height: 2000 }, { width: 1024, height: 500 });
    expect(at(matrix, 0, 0)).toEqual([-0.5, -0.5]);
    expect(at(matrix, 1024, 500)).toEqual([4095.5, 1999.5]);
  });
});

describe("outline", () => {
  it("lies half a pixel outside the centres of the corner pixels", () => {
    const corners = outline(SIZES.moving, new DOMMatrix()).map(({ x, y }) => [x, y]);
    expect(corners).toEqual([
      [-0.5, -0.5],
      [99.5, -0.5],
      [99.5, 49.5],
      [-0.5, 49.5],
    ]);
  });
});

describe("unregistered", () => {
  it("puts centre on centre at the scale of the pixel spacings", () => {
    const matrix = unregistered(SIZES, { fixed: 0.5, moving: 1 });
    const { x, y } = centreOf(SIZES.moving);
    expect(at(matrix, x, y)).toEqual([99.5, 49.5]);
    expect(magnification(matrix)).toBeCloseTo(2);
  });

  it("keeps the scale where a spacing is unknown", () => {
    expect(magnification(unregistered(SIZES, { fixed: null, moving: 1 }))).toBeCloseTo(1);
  });
});

describe("interpolateSimilarity", () => {
  const start = new DOMMatrix();
  const end = new DOMMatrix().translate(10, 0).rotate(90).scale(4);

  it("has the geometric mean of the scales and half the angle in the middle", () => {
    const middle = interpolateSimilarity(start, end, 0.5, new DOMPoint(0, 0));
    expect(magnification(middle)).toBeCloseTo(2);
    expect((Math.atan2(middle.b, middle.a) * 180) / Math.PI).toBeCloseTo(45);
    expect(at(middle, 0, 0)[0]).toBeCloseTo(5);
  });

  it("does not interpolate to a mirrored position", () => {
    const mirrored = new DOMMatrix().scale(-1, 1);
    expect(interpolateSimilarity(start, mirrored, 0.5, new DOMPoint(0, 0))).toBe(mirrored);
  });
});
