import { describe, expect, it } from "vitest";
import { canvasFromFixed } from "./camera";
import { detailOf } from "./detail";
import { outline } from "./geometry";
import { shownCamera } from "./shownCamera";

const CANVAS = { width: 800, height: 600, density: 1 };
const SIZES = { fixed: { width: 900, height: 700 }, moving: { width: 200, height: 100 } };
const BACK = { fixed: SIZES.moving, moving: SIZES.fixed };
const PLACED = new DOMMatrix().translate(600, 120).rotate(20);
const VIEW = { camera: null, mode: "blend", before: false } as const;

/** Where the corners of an image lie on the canvas. */
function corners(
  camera: ReturnType<typeof shownCamera>,
  image: "fixed" | "moving",
  sizes = SIZES,
  placed = PLACED,
) {
  const fixed = canvasFromFixed(camera, CANVAS);
  return outline(sizes[image], image === "fixed" ? fixed : fixed.multiply(placed));
}

const isOnCanvas = ({ x, y }: DOMPoint) => x >= 0 && y >= 0 && x <= CANVAS.width && y <= CANVAS.height;

describe("detailOf", () => {
  it("is the image that is a small part of the other one", () => {
    expect(detailOf(SIZES, PLACED)).toBe("moving");
    expect(detailOf(BACK, PLACED.inverse())).toBe("fixed");
  });

  it("is none for similar fields of view", () => {
    expect(detailOf({ fixed: SIZES.fixed, moving: SIZES.fixed }, new DOMMatrix().scale(0.8))).toBeNull();
    expect(detailOf({ fixed: SIZES.fixed, moving: SIZES.fixed }, new DOMMatrix().scale(1.3))).toBeNull();
  });
});

describe("shownCamera", () => {
  it("shows the detail large with its surroundings", () => {
    const found = corners(shownCamera(VIEW, SIZES, PLACED, CANVAS), "moving");
    expect(found.every(isOnCanvas)).toBe(true);
    const width = Math.max(...found.map(({ x }) => x)) - Math.min(...found.map(({ x }) => x));
    expect(width).toBeGreaterThan(CANVAS.width / 2);
    expect(width).toBeLessThan(CANVAS.width / 1.3);
  });

  it.each([{ camera: "whole" as const }, { before: true }])("shows the whole overview for %o", (wanted) => {
    const camera = shownCamera({ ...VIEW, ...wanted }, SIZES, PLACED, CANVAS);
    expect(corners(camera, "fixed").every(isOnCanvas)).toBe(true);
  });

  it("shows the whole overview also where it is the moving image", () => {
    const placed = PLACED.inverse();
    const whole = shownCamera({ ...VIEW, camera: "whole" }, BACK, placed, CANVAS);
    expect(corners(whole, "moving", BACK, placed).every(isOnCanvas)).toBe(true);
    const detail = shownCamera(VIEW, BACK, placed, CANVAS);
    expect(corners(detail, "fixed", BACK, placed).every(isOnCanvas)).toBe(true);
    expect(detail.zoom).toBeGreaterThan(2 * whole.zoom);
  });

  it("is the view's own where it has one", () => {
    const camera = { x: 1, y: 2, zoom: 3 };
    expect(shownCamera({ ...VIEW, camera }, SIZES, PLACED, CANVAS)).toBe(camera);
  });
});
