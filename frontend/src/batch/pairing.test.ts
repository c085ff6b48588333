import { describe, expect, it } from "vitest";
import type { Image } from "../api/types";
import {
  type BatchFile,
  asideOf,
  blockingReason,
  knownSpacings,
  pairFiles,
  pairsOf,
  spareFiles,
  usableRows,
} from "./pairing";

function ready(key: number, name: string): BatchFile {
  const image = { id: `image-${key}`, choices: [] as unknown[], choice_needed: false } as Image;
  return { state: "ready", key, file: new File([], name), image, choice: { channel: null, frame: null } };
}

const FILES = [
  ready(1, "area_10.tif"),
  ready(2, "area_2.tif"),
  ready(3, "area_1.tif"),
  ready(4, "area_3.tif"),
];

describe("pairFiles", () => {
  it("pairs neighbours in the order of the numbers in their names", () => {
    expect(pairFiles(FILES, "neighbours")).toEqual([
      { fixed: 3, moving: 2 },
      { fixed: 4, moving: 1 },
    ]);
  });

  it("pairs all with the first", () => {
    expect(pairFiles(FILES, "first").map(({ fixed, moving }) => [fixed, moving])).toEqual([
      [3, 2],
      [3, 4],
      [3, 1],
    ]);
  });

  it("leaves out a file without a partner", () => {
    expect(pairFiles(FILES.slice(0, 3), "neighbours")).toHaveLength(1);
    expect(pairFiles([], "neighbours")).toEqual([]);
  });
});

describe("changes by hand", () => {
  const before = [{ key: 4, reason: "no other file is left" }];

  it("set files aside that no pair has any more, and take those that one has", () => {
    expect(asideOf(FILES, [{ fixed: 1, moving: 4 }], before).map(({ key }) => key)).toEqual([2, 3]);
    expect(asideOf(FILES, [{ fixed: 1, moving: 2 }], before)).toEqual([
      { key: 3, reason: "it was taken out of its pair" },
      before[0],
    ]);
  });

  it("pair the first two files that were set aside and can be read", () => {
    const aside = asideOf(FILES, [{ fixed: 1, moving: 1 }], []);
    const words = { fixed: "area", moving: "map" };
    expect(spareFiles(FILES, aside, words)).toEqual({ fixed: 2, moving: 3 });
    expect(spareFiles(FILES, aside, { ...words, fixed: "3" })).toEqual({ fixed: 4, moving: 2 });
    const refused = FILES.map((file): BatchFile =>
      file.key === 4 ? file : { ...file, state: "refused", message: "damaged", retry: false },
    );
    expect(spareFiles(refused, aside, words)).toBeNull();
  });
});

describe("knownSpacings", () => {
  it("counts pairs of which both files state their pixel size", () => {
    const files = FILES.map((file, at) =>
      file.state === "ready"
        ? { ...file, image: { ...file.image, pixel_spacing_um: at < 2 ? 0.1 : null } }
        : file,
    );
    expect(
      knownSpacings(files, [
        { fixed: 1, moving: 2 },
        { fixed: 1, moving: 3 },
      ]),
    ).toBe(1);
  });
});

describe("blockingReason", () => {
  const rows = [{ fixed: 1, moving: 2 }];

  it("is null once all files of the pairs are uploaded", () => {
    expect(blockingReason(FILES, rows)).toBeNull();
    expect(pairsOf(FILES, rows)).toMatchObject([{ fixed_image_id: "image-1", moving_image_id: "image-2" }]);
  });

  it("asks for a choice where a file holds several images", () => {
    const several = ready(2, "eds.bcf") as Extract<BatchFile, { state: "ready" }>;
    several.image = { ...several.image, choice_needed: true };
    expect(blockingReason([FILES[0]!, several], rows)).toBe("Choose an image of eds.bcf.");
  });

  it("names what is missing", () => {
    const waiting: BatchFile = { state: "waiting", key: 2, file: new File([], "b.tif") };
    const refused: BatchFile = { ...waiting, state: "refused", message: "damaged", retry: false };
    expect(blockingReason(FILES, [])).toContain("at least two files");
    expect(blockingReason(FILES, [{ fixed: 1, moving: 1 }])).toContain("to itself");
    expect(blockingReason([ready(1, "a.tif"), waiting], rows)).toContain("1 left");
    expect(usableRows([ready(1, "a.tif"), refused], rows)).toEqual([]);
  });

  it("ignores files that no pair uses", () => {
    const refused: BatchFile = {
      state: "refused",
      key: 9,
      file: new File([], "z.tif"),
      message: "damaged",
      retry: false,
    };
    expect(blockingReason([...FILES, refused], rows)).toBeNull();
  });
});
