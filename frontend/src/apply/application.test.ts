import { describe, expect, it } from "vitest";
import { nameOf } from "../api/apply";
import type { Image, ImageChoice, Registration } from "../api/types";
import { countOf, differsInSize, imagesOf, otherChannels } from "./application";
import type { Further } from "./useFurtherImages";

function channel(number: number, name: string, more: Partial<ImageChoice> = {}): ImageChoice {
  return { channel: number, name, kind: "map", frames: 1, height: 10, width: 20, ...more } as ImageChoice;
}

function image(id: string, choices: ImageChoice[]): Image {
  return { id, choices, default_channel: 0, height: 10, width: 20 } as Image;
}

const EDS = image("eds", [
  channel(0, "HAADF"),
  channel(1, "Fe"),
  channel(2, "Ni", { frames: 3 }),
  channel(3, "Cu"),
]);
const READY = { state: "ready", key: 1, file: new File([], "Mg.tif"), image: image("mg", []) } as Further;

function registration(moving_channel: string | null): Registration {
  return { settings: { moving_channel } } as Registration;
}

describe("otherChannels", () => {
  it.each([
    [null, ["Fe", "Cu"]],
    ["1", ["HAADF", "Cu"]],
    ["Fe", ["HAADF", "Cu"]],
  ])("leaves out the registered channel %s and stacks", (used, names) =>
    expect(otherChannels(EDS, registration(used)).map(({ name }) => name)).toEqual(names),
  );
});

describe("imagesOf", () => {
  it("names each channel of the own file and takes further files whole", () => {
    const all = { ...READY, image: EDS } as Further;
    const waiting: Further = { state: "waiting", key: 2, file: new File([], "later.tif") };
    expect(imagesOf(EDS, [1, 3], [READY, all, waiting])).toEqual([
      { image_id: "eds", channel: 1, frame: null, all_channels: false },
      { image_id: "eds", channel: 3, frame: null, all_channels: false },
      { image_id: "mg", channel: null, frame: null, all_channels: false },
      { image_id: "eds", channel: null, frame: null, all_channels: true },
    ]);
    expect(countOf([1, 3], [READY, all, waiting])).toBe(2 + 1 + 4);
  });
});

describe("differsInSize", () => {
  it("is true where a map is binned", () => {
    expect(differsInSize([10, 20], [READY], [channel(1, "Fe")])).toBe(false);
    expect(differsInSize([10, 20], [READY], [channel(1, "Fe", { height: 5 })])).toBe(true);
    expect(differsInSize([20, 40], [READY], [])).toBe(true);
  });
});

describe("nameOf", () => {
  it("decodes the name of a download", () => {
    expect(nameOf(`attachment; filename="x.tif"; filename*=UTF-8''Fe%20K%CE%B1.tif`)).toBe("Fe Kα.tif");
  });
});
