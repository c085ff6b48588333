import { describe, expect, it } from "vitest";
import type { Correction } from "../api/types";
import { correctionParameter, shownCorrection } from "./position";

const [NEW, OLD] = [{ id: "new" }, { id: "old" }] as [Correction, Correction];

describe("shownCorrection", () => {
  it("is the newest one unless another position is wanted", () => {
    expect(shownCorrection([NEW, OLD], null)).toBe(NEW);
    expect(shownCorrection([NEW, OLD], "gone")).toBe(NEW);
    expect(shownCorrection([NEW, OLD], "old")).toBe(OLD);
    expect(shownCorrection([NEW, OLD], "predicted")).toBeNull();
    expect(shownCorrection([], null)).toBeNull();
  });
});

describe("correctionParameter", () => {
  it("names the shown position, and none where there are no corrections", () => {
    expect(correctionParameter([NEW, OLD], OLD)).toBe("old");
    expect(correctionParameter([NEW, OLD], null)).toBe("predicted");
    expect(correctionParameter([], null)).toBeNull();
  });
});
