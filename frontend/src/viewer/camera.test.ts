import { describe, expect, it } from "vitest";
import { cameraText, canvasFromFixed, fit, panned, readCamera, zoomed } from "./camera";

const CANVAS = { width: 800, height: 600, density: 2 };
const FIXED = { left: -0.5, top: -0.5, right: 255.5, bottom: 255.5 };

function onCanvas(camera: ReturnType<typeof fit>, x: number, y: number): DOMPoint {
  return canvasFromFixed(camera, CANVAS).transformPoint({ x, y });
}

describe("fit", () => {
  it("shows the whole image around the middle of the canvas", () => {
    const camera = fit(FIXED, CANVAS, false);
    const { x, y } = onCanvas(camera, 127.5, 127.5);
    expect([x, y]).toEqual([400, 300]);
    expect(onCanvas(camera, -0.5, -0.5).y).toBeGreaterThan(0);
    expect(onCanvas(camera, 255.5, 255.5).y).toBeLessThan(600);
  });

  it("uses half of the width in side-by-side mode", () => {
    const wide = { ...FIXED, right: 511.5, bottom: 63.5 };
    expect(fit(wide, CANVAS, true).zoom).toBeLessThan(fit(wide, CANVAS, false).zoom);
  });
});

describe("zoomed", () => {
  it("keeps the point under the pointer", () => {
    const camera = { x: 100, y: 80, zoom: 1.5 };
    const [right, down] = [60, -40];
    const after = zoomed(camera, 2, right, down);
    expect(after.x + right / after.zoom).toBeCloseTo(camera.x + right / camera.zoom);
    expect(after.y + down / after.zoom).toBeCloseTo(camera.y + down / camera.zoom);
  });

  it("is limited", () => {
    expect(zoomed({ x: 0, y: 0, zoom: 60 }, 100).zoom).toBe(64);
  });
});

describe("panned", () => {
  it("moves the image by CSS px", () => {
    const camera = panned({ x: 10, y: 10, zoom: 2 }, 4, -6);
    expect([camera.x, camera.y]).toEqual([8, 13]);
  });
});

describe("canvasFromFixed", () => {
  it("aligns pixels with those of the screen at integer zoom", () => {
    const corner = onCanvas({ x: 10.3, y: 7.7, zoom: 1 }, -0.5, -0.5);
    expect([corner.x, corner.y].every(Number.isInteger)).toBe(true);
  });
});

describe("cameraText", () => {
  it("is read back", () => {
    expect(readCamera(cameraText({ x: 12.25, y: -3.5, zoom: 0.75 }))).toEqual({
      x: 12.25,
      y: -3.5,
      zoom: 0.75,
    });
  });

  it.each([null, "", "1,2", "a,b,c", "1,2,0"])("is null for %s", (text) => {
    expect(readCamera(text)).toBeNull();
  });
});
