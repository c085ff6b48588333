import { describe, expect, it } from "vitest";
import { panned, zoomed } from "./camera";
import { outline } from "./geometry";
import { canvasFromMoving, samePlace, steppedPanes, wholePanes } from "./panes";

const CANVAS = { width: 800, height: 500, density: 1 };
const SIZES = { fixed: { width: 300, height: 200 }, moving: { width: 90, height: 120 } };

describe("wholePanes", () => {
  it.each([new DOMMatrix([0.1, 0.02, -0.02, 0.1, 9000, -4000]), new DOMMatrix([-30, 0, 0, 30, 5, 5])])(
    "shows the moving image whole whatever the transform",
    (matrix) => {
      const corners = outline(SIZES.moving, canvasFromMoving(wholePanes(SIZES, matrix, CANVAS), CANVAS));
      for (const { x, y } of corners) {
        expect(Math.abs(x - 400)).toBeLessThan(200); // half of a pane
        expect(Math.abs(y - 250)).toBeLessThan(250);
      }
      const width = Math.max(...corners.map(({ x }) => x)) - Math.min(...corners.map(({ x }) => x));
      const height = Math.max(...corners.map(({ y }) => y)) - Math.min(...corners.map(({ y }) => y));
      expect(Math.max(width / 400, height / 500)).toBeGreaterThan(0.6);
    },
  );
});

describe("steppedPanes", () => {
  const panes = wholePanes(SIZES, new DOMMatrix(), CANVAS);
  const step = (camera: typeof panes.fixed) => panned(zoomed(camera, 2), 10, 5);

  it("zooms and pans both panes by the same where they are linked", () => {
    const { fixed, moving } = steppedPanes(panes, step, "fixed");
    expect([fixed, moving]).toEqual([step(panes.fixed), step(panes.moving)]);
  });

  it("moves one pane alone where they are not", () => {
    const { fixed, moving } = steppedPanes({ ...panes, linked: false }, step, "moving");
    expect([fixed, moving]).toEqual([panes.fixed, step(panes.moving)]);
  });
});

describe("samePlace", () => {
  it("lays a moving point where its fixed point is in the other pane", () => {
    const matrix = new DOMMatrix([0.5, 0.1, -0.1, 0.5, 40, 30]);
    const panes = samePlace(wholePanes(SIZES, new DOMMatrix(), CANVAS), matrix);
    expect(panes.moving).toEqual(panes.fixed);
    expect(panes.frame).toBe(matrix);
  });
});
