import { describe, expect, it } from "vitest";
import { tilesFor } from "./tiles";

const SOURCE = { id: "id", query: "" };
const IMAGE = { width: 4096, height: 4096 };
const PREVIEW = { width: 1024, height: 1024 };
const CANVAS = { width: 1000, height: 800 };

describe("tilesFor", () => {
  it("needs no tiles where the preview is fine enough", () => {
    expect(tilesFor(SOURCE, IMAGE, PREVIEW, new DOMMatrix().scale(0.25), CANVAS)).toEqual([]);
  });

  it("covers the canvas with tiles of full resolution at magnification 1", () => {
    const tiles = tilesFor(SOURCE, IMAGE, PREVIEW, new DOMMatrix(), CANVAS);
    expect(tiles.map(({ url }) => url)).toEqual([
      "/api/v1/images/id/tiles/0/0/0",
      "/api/v1/images/id/tiles/0/1/0",
      "/api/v1/images/id/tiles/0/0/1",
      "/api/v1/images/id/tiles/0/1/1",
    ]);
  });

  it("places a tile of level 1 with its corner at the corner of its first pixel", () => {
    const [tile] = tilesFor(SOURCE, IMAGE, PREVIEW, new DOMMatrix().scale(0.5), CANVAS);
    const corner = tile?.imageFromTile.transformPoint({ x: 0, y: 0 });
    const end = tile?.imageFromTile.transformPoint({ x: 512, y: 512 });
    expect([corner?.x, corner?.y, end?.x, end?.y]).toEqual([-0.5, -0.5, 1023.5, 1023.5]);
  });

  it("asks for the chosen channel", () => {
    const [tile] = tilesFor({ id: "id", query: "?channel=2" }, IMAGE, PREVIEW, new DOMMatrix(), CANVAS);
    expect(tile?.url).toBe("/api/v1/images/id/tiles/0/0/0?channel=2");
  });

  it("omits tiles outside the canvas", () => {
    const tiles = tilesFor(SOURCE, IMAGE, PREVIEW, new DOMMatrix().translate(-2048, -2048), CANVAS);
    expect(tiles[0]?.url).toBe("/api/v1/images/id/tiles/0/4/4");
  });
});
