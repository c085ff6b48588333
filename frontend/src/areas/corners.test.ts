import { describe, expect, it } from "vitest";
import { type Area, cornersOf, edgesOf } from "./area";
import { cornerNear, hold, withCornerAt } from "./corners";

const SIZE = { width: 100, height: 80 };
const TRIANGLE: Area = {
  kind: "exclude",
  rings: [
    [
      { x: 10, y: 10 },
      { x: 40, y: 10 },
      { x: 20, y: 50 },
    ],
  ],
};
const SQUARE: Area = {
  kind: "include",
  rings: [cornersOf({ left: 49.5, top: 19.5, right: 69.5, bottom: 39.5 })],
};
const AREAS = [TRIANGLE, SQUARE];

describe("cornerNear", () => {
  it("is the nearest corner of all areas within the distance", () => {
    expect(cornerNear(AREAS, { x: 21, y: 49 }, 3)).toEqual({ area: 0, ring: 0, index: 2 });
    expect(cornerNear(AREAS, { x: 50, y: 20 }, 3)).toEqual({ area: 1, ring: 0, index: 0 });
    expect(cornerNear(AREAS, { x: 46, y: 15 }, 10)).toEqual({ area: 1, ring: 0, index: 0 });
    expect(cornerNear(AREAS, { x: 30, y: 30 }, 3)).toBeNull();
  });
});

describe("withCornerAt", () => {
  it("moves one corner of a polygon, inside of the image", () => {
    const held = hold(AREAS, { area: 0, ring: 0, index: 1 });
    const [first, second, third] = withCornerAt(held, { x: 200, y: 20 }, SIZE).rings[0]!;
    expect([first, third]).toEqual([TRIANGLE.rings[0]![0], TRIANGLE.rings[0]![2]]);
    expect(second).toEqual({ x: 99.5, y: 20 });
  });

  it("keeps the opposite corner of a rectangle, past which it may go", () => {
    for (const [index, at, edges] of [
      [2, { x: 80, y: 60 }, { left: 49.5, top: 19.5, right: 80.5, bottom: 60.5 }],
      [2, { x: 30.2, y: 5.1 }, { left: 30.5, top: 5.5, right: 49.5, bottom: 19.5 }],
      [1, { x: 60, y: 30 }, { left: 49.5, top: 30.5, right: 60.5, bottom: 39.5 }],
    ] as const) {
      const held = hold(AREAS, { area: 1, ring: 0, index });
      expect(edgesOf(withCornerAt(held, at, SIZE))).toEqual(edges);
    }
  });

  it("leaves a rectangle that would be empty", () => {
    const held = hold(AREAS, { area: 1, ring: 0, index: 2 });
    expect(withCornerAt(held, { x: 49.6, y: 60 }, SIZE)).toEqual(SQUARE);
  });
});
