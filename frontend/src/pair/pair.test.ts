import { describe, expect, it } from "vitest";
import type { Image } from "../api/types";
import { type Area, cornersOf } from "../areas/area";
import {
  EMPTY,
  type Pair,
  type Upload,
  agreesWithFile,
  pairReducer,
  readSpacing,
  submissionOf,
} from "./pair";

function ready(key: number, spacing: string, stated: number | null = null): Upload {
  const image = { id: `image-${key}`, pixel_spacing_um: stated } as Image;
  return { state: "ready", key, image, spacing, areas: [] };
}

describe("readSpacing", () => {
  it.each([
    ["0.025", 0.025],
    [" 0,5 ", 0.5],
    ["", null],
  ])("reads %s", (text, value) => expect(readSpacing(text)).toBe(value));

  it.each(["wide", "-1", "0", "1e999"])("is NaN for %s", (text) => expect(readSpacing(text)).toBeNaN());
});

describe("agreesWithFile", () => {
  it("compares at the precision shown", () => {
    const image = { pixel_spacing_um: 0.1234567 } as Image;
    expect(agreesWithFile(image, "0.123457")).toBe(true);
    expect(agreesWithFile(image, "0.1235")).toBe(false);
    expect(agreesWithFile({ pixel_spacing_um: null } as Image, "")).toBe(true);
  });
});

describe("submissionOf", () => {
  it("sends only spacings that differ from the file", () => {
    const pair: Pair = { fixed: ready(1, "0.5", 0.5), moving: ready(2, "0.25", 0.5) };
    expect(submissionOf(pair, "no")).toEqual({
      mirror: "no",
      fixed_image_id: "image-1",
      moving_image_id: "image-2",
      fixed_spacing_um: null,
      moving_spacing_um: 0.25,
      fixed_mask: null,
      moving_mask: null,
    });
  });

  it("names what is missing", () => {
    expect(submissionOf({ fixed: EMPTY, moving: EMPTY }, "no")).toBe("Choose two images.");
    expect(submissionOf({ fixed: ready(1, ""), moving: EMPTY }, "no")).toBe("Choose the moving image.");
    expect(submissionOf({ fixed: ready(1, "x"), moving: ready(2, "") }, "no")).toBe(
      "Correct the pixel spacing.",
    );
  });
});

describe("pairReducer", () => {
  const pair: Pair = { fixed: ready(1, ""), moving: ready(2, "") };

  it("updates an upload that was swapped meanwhile", () => {
    const swapped = pairReducer(pair, { kind: "swap" });
    const updated = pairReducer(swapped, { kind: "update", key: 1, upload: ready(1, "0.5") });
    expect(updated.moving).toMatchObject({ key: 1, spacing: "0.5" });
  });

  it("keeps areas with their image", () => {
    const areas: Area[] = [{ kind: "exclude", rings: [cornersOf({ left: 0, top: 0, right: 5, bottom: 9 })] }];
    const marked = pairReducer(pair, { kind: "areas", role: "fixed", areas });
    const swapped = pairReducer(marked, { kind: "swap" });
    expect(submissionOf(swapped, "no")).toMatchObject({ fixed_mask: null, moving_mask: { include: [] } });
    const replaced = pairReducer(swapped, { kind: "start", role: "moving", upload: ready(3, "") });
    expect(submissionOf(replaced, "no")).toMatchObject({ fixed_mask: null, moving_mask: null });
  });

  it("ignores an upload that was replaced", () => {
    expect(pairReducer(pair, { kind: "update", key: 7, upload: ready(7, "") })).toBe(pair);
  });
});
