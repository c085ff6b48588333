import { describe, expect, it } from "vitest";
import type { Image, ImageChoice } from "../api/types";
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

const DEFAULT = { channel: null, frame: null };

function image(id: string, stated: number | null): Image {
  const choices: ImageChoice[] = [];
  return {
    id,
    pixel_spacing_um: stated,
    choices,
    choice_needed: false,
    default_channel: 0,
  } as unknown as Image;
}

function ready(key: number, spacing: string, stated: number | null = null): Upload {
  return {
    state: "ready",
    key,
    image: image(`image-${key}`, stated),
    spacing,
    areas: [],
    choice: DEFAULT,
  };
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
    const upload = { image: image("a", 0.1234567), choice: DEFAULT };
    expect(agreesWithFile(upload, "0.123457")).toBe(true);
    expect(agreesWithFile(upload, "0.1235")).toBe(false);
    expect(agreesWithFile({ image: image("a", null), choice: DEFAULT }, "")).toBe(true);
  });
});

describe("submissionOf", () => {
  it("sends only spacings that differ from the file", () => {
    const pair: Pair = { fixed: ready(1, "0.5", 0.5), moving: ready(2, "0.25", 0.5) };
    expect(submissionOf(pair, "no", "similarity")).toEqual({
      mirror: "no",
      model: "similarity",
      fixed_image_id: "image-1",
      moving_image_id: "image-2",
      fixed_channel: null,
      fixed_frame: null,
      moving_channel: null,
      moving_frame: null,
      fixed_spacing_um: null,
      moving_spacing_um: 0.25,
      fixed_mask: null,
      moving_mask: null,
    });
  });

  it("asks for a choice where a file has no default", () => {
    const undecided = ready(2, "") as Extract<Upload, { state: "ready" }>;
    undecided.image = { ...undecided.image, choice_needed: true, default_channel: null };
    const pair: Pair = { fixed: ready(1, ""), moving: undecided };
    expect(submissionOf(pair, "no", "similarity")).toBe("Choose an image of the moving file.");
  });

  it("names what is missing", () => {
    expect(submissionOf({ fixed: EMPTY, moving: EMPTY }, "no", "similarity")).toBe("Choose two images.");
    expect(submissionOf({ fixed: ready(1, ""), moving: EMPTY }, "no", "similarity")).toBe(
      "Choose the moving image.",
    );
    expect(submissionOf({ fixed: ready(1, "x"), moving: ready(2, "") }, "no", "similarity")).toBe(
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
    expect(submissionOf(swapped, "no", "similarity")).toMatchObject({
      fixed_mask: null,
      moving_mask: { include: [] },
    });
    const replaced = pairReducer(swapped, { kind: "start", role: "moving", upload: ready(3, "") });
    expect(submissionOf(replaced, "no", "similarity")).toMatchObject({ fixed_mask: null, moving_mask: null });
  });

  it("ignores an upload that was replaced", () => {
    expect(pairReducer(pair, { kind: "update", key: 7, upload: ready(7, "") })).toBe(pair);
  });
});
