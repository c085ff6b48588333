import { describe, expect, it } from "vitest";
import { bestCells, cellAt, wrapAngle } from "./searchMap";

const MAP = {
  angles_deg: [0, 45, 90, 135, 180, 225, 270, 315],
  scales: [0.5, 1, 2],
  scores: [
    [0, 0, 0, 0, 0, 0, 0, 1],
    [0, 9, 0, 0, 0, 6, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 0],
  ],
};

describe("wrapAngle", () => {
  it.each([
    [0, 0],
    [190, -170],
    [-190, 170],
    [180, -180],
    [725, 5],
  ])("wraps %d to %d", (degrees, wrapped) => expect(wrapAngle(degrees)).toBe(wrapped));
});

describe("cellAt", () => {
  it("finds the nearest angle around the circle and the nearest scale by ratio", () => {
    expect(cellAt(MAP, -40, 0.6)).toEqual({ angle: 7, scale: 0, score: 1 });
    expect(cellAt(MAP, 50, 1.3)).toEqual({ angle: 1, scale: 1, score: 9 });
  });
});

describe("bestCells", () => {
  it("separates the best cell near the result from the best one elsewhere", () => {
    const { here, elsewhere } = bestCells(MAP, cellAt(MAP, 44, 1));
    expect(here.score).toBe(9);
    expect(elsewhere).toEqual({ angle: 5, scale: 1, score: 6 });
  });

  it("has no other cell in a map of one angle and scale", () => {
    const map = { angles_deg: [0], scales: [1], scores: [[3]] };
    expect(bestCells(map, cellAt(map, 0, 1)).elsewhere).toBeNull();
  });
});
