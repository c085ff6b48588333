import { describe, expect, it } from "vitest";
import { advanced, begun, redone, undone } from "./history";

describe("history", () => {
  const three = advanced(advanced(begun(1), 2), 3);

  it("returns to each state and forward again", () => {
    expect(undone(three).now).toBe(2);
    expect(undone(undone(undone(three)))).toEqual({ past: [], now: 1, future: [2, 3] });
    expect(redone(redone(undone(undone(three))))).toEqual(three);
    expect(redone(three)).toEqual(three);
  });

  it("forgets what was undone when something new is done", () => {
    expect(advanced(undone(three), 4)).toEqual({ past: [1, 2], now: 4, future: [] });
  });

  it("merges the steps of a drag into one", () => {
    const dragged = advanced(advanced(three, 3.1), 3.2, true);
    expect(dragged.now).toBe(3.2);
    expect(undone(dragged).now).toBe(3);
  });
});
