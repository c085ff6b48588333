import { describe, expect, it } from "vitest";
import { type Area, areasOf, cornersOf, edgesOf, maskOf, pathOf, placed, rectangle } from "./area";

const SIZE = { width: 100, height: 80 };
const BAR: Area = {
  kind: "exclude",
  rings: [cornersOf({ left: -0.5, top: 69.5, right: 99.5, bottom: 79.5 })],
};
const TRIANGLE: Area = {
  kind: "include",
  rings: [
    [
      { x: 0, y: 0 },
      { x: 50, y: 0 },
      { x: 0, y: 50.5 },
    ],
  ],
};

describe("maskOf", () => {
  it("is null without areas", () => expect(maskOf([])).toBeNull());

  it("closes the rings", () =>
    expect(maskOf([BAR, TRIANGLE])?.include).toEqual([
      {
        type: "Polygon",
        coordinates: [
          [
            [0, 0],
            [50, 0],
            [0, 50.5],
            [0, 0],
          ],
        ],
      },
    ]));

  it("is read back", () => expect(areasOf(maskOf([BAR, TRIANGLE]))).toEqual([BAR, TRIANGLE]));
});

describe("rectangle", () => {
  it("holds whole pixels", () =>
    expect(rectangle({ x: 20.2, y: 9.7 }, { x: 10.1, y: 30 }, SIZE)).toEqual({
      left: 10.5,
      top: 9.5,
      right: 20.5,
      bottom: 30.5,
    }));

  it("ends at the image", () =>
    expect(rectangle({ x: -9, y: 70 }, { x: 300, y: 300 }, SIZE)).toEqual({
      left: -0.5,
      top: 70.5,
      right: 99.5,
      bottom: 79.5,
    }));
});

describe("edgesOf", () => {
  it("knows rectangles", () => {
    expect(edgesOf(BAR)).toEqual({ left: -0.5, top: 69.5, right: 99.5, bottom: 79.5 });
    expect(edgesOf(TRIANGLE)).toBeNull();
  });
});

it("points stay inside of the image", () =>
  expect([placed({ x: -8, y: 12.3456 }, SIZE), placed({ x: 1e4, y: 99 }, SIZE)]).toEqual([
    { x: -0.5, y: 12.3 },
    { x: 99.5, y: 79.5 },
  ]));

it("a path is closed", () => expect(pathOf(TRIANGLE)).toBe("M0 0L50 0L0 50.5Z"));
