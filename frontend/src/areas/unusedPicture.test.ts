import { describe, expect, it } from "vitest";
import { LONGEST_PX, unusedPicture, unusedRectangles } from "./unusedPicture";

describe("unusedRectangles", () => {
  it.each([
    [[12], []],
    [
      [0, 12],
      [
        [0, 0, 4, 1],
        [0, 1, 4, 2],
        [0, 2, 4, 3],
      ],
    ],
    [[8, 4], [[0, 2, 4, 3]]],
    [[5, 2, 5], [[1, 1, 3, 2]]],
    [
      [2, 4, 6],
      [
        [2, 0, 4, 1],
        [0, 1, 2, 2],
      ],
    ],
  ])("of %j", (runs, expected) => expect(unusedRectangles(runs, 4)).toEqual(expected));

  it("joins whole rows", () =>
    expect(unusedRectangles([1, 398, 1], 4)).toEqual([
      [1, 0, 4, 1],
      [0, 1, 4, 99],
      [0, 99, 3, 100],
    ]));
});

describe("unusedPicture", () => {
  const opaque = ({ width, data }: ReturnType<typeof unusedPicture>, x: number, y: number) =>
    data[4 * (y * width + x) + 3]! > 0;

  it("covers the same place of a small image and of a large one", () => {
    for (const side of [16, 4096]) {
      const picture = unusedPicture(
        [(side * side) / 2, (side * side) / 2],
        { width: side, height: side },
        [0, 0, 0],
      );
      expect([picture.width, picture.height]).toEqual([LONGEST_PX, LONGEST_PX]);
      expect([0, 511, 512, 1023].map((y) => opaque(picture, 700, y))).toEqual([false, false, true, true]);
    }
  });

  it("shows a single unused pixel of a large image", () => {
    const picture = unusedPicture(
      [4096 * 2001 + 3001, 1, 4096 ** 2],
      { width: 4096, height: 4096 },
      [9, 9, 9],
    );
    expect(opaque(picture, 750, 500)).toBe(true);
  });
});
