import { describe, expect, it } from "vitest";
import { readView, writeView } from "./view";

describe("writeView", () => {
  it("omits defaults", () => {
    const parameters = Object.values(writeView(readView(new URLSearchParams())));
    expect(parameters.every((value) => value === null)).toBe(true);
  });

  it("is read back", () => {
    const view = readView(
      new URLSearchParams({ mode: "swipe", blend: "0.25", at: "10,20,2", before: "1", errors: "0" }),
    );
    expect(view).toMatchObject({ mode: "swipe", blend: 0.25, before: true, errors: false });
    expect(view.camera).toEqual({ x: 10, y: 20, zoom: 2 });
    const written = Object.entries(writeView(view)).filter(
      (entry): entry is [string, string] => entry[1] !== null,
    );
    expect(readView(new URLSearchParams(written))).toEqual(view);
  });

  it("keeps the wish to see both images whole", () => {
    const view = readView(new URLSearchParams({ at: "whole" }));
    expect(view.camera).toBe("whole");
    expect(writeView(view)["at"]).toBe("whole");
  });

  it("replaces values that cannot be used by defaults", () => {
    const view = readView(new URLSearchParams({ mode: "upside-down", blend: "7", at: "nowhere" }));
    expect(view).toMatchObject({ mode: "colour", blend: 1, camera: null });
  });
});
