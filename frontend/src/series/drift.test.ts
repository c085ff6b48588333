import { describe, expect, it } from "vitest";
import type { SeriesFrame } from "../api/types";
import { driftOf } from "./drift";

function frame(number: number, x: number, state: SeriesFrame["state"] = "fits"): SeriesFrame {
  return { number, state, shift_px: state === "dropped" ? null : [x, 0] } as unknown as SeriesFrame;
}

describe("the drift", () => {
  it("has a gap where a frame does not fit, and a mark there", () => {
    const drift = driftOf([frame(0, 0), frame(1, 2), frame(2, 9, "no_fit"), frame(3, 4), frame(4, 5)]);
    expect(drift.x.map(({ points }) => points.split(" ").length)).toEqual([2, 2]);
    expect(drift.flagged).toEqual([0.5]);
    expect(drift.span[1]).toBeCloseTo(5.4);
  });
  it("has few points of many frames", () => {
    const frames = Array.from({ length: 12_000 }, (_, at) => frame(at, at % 7));
    expect(driftOf(frames).x[0]?.points.split(" ").length).toBeLessThanOrEqual(1500);
  });
  it("of no frames is empty", () => {
    expect(driftOf([])).toEqual({ x: [], y: [], flagged: [], span: [-0.08, 0.08] });
  });
});
