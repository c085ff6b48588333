import { useEffect, useReducer, useState } from "react";
import type { Tile } from "./tiles";
import type { Picture } from "./usePictures";

const KEPT = 120; // tiles of one image: 30 MB of pixels
const AT_ONCE = 4;
const SETTLED_MS = 60; // what a quick pan passes by is not fetched
const AGAIN_MS = 4000; // after a tile that did not come

/** The wanted tiles as far as they have come, above what is there of others. */
export function useTiles(wanted: Tile[]): Picture[] {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const [cache] = useState(() => new TileCache(redraw));
  const key = wanted.map(({ url }) => url).join(" ");
  useEffect(() => {
    const timer = window.setTimeout(() => cache.want(key === "" ? [] : key.split(" ")), SETTLED_MS);
    return () => window.clearTimeout(timer);
  }, [cache, key]);
  useEffect(() => () => cache.want([]), [cache]);
  return wanted.flatMap(({ url, imageFromTile }) => {
    const source = cache.get(url);
    return source ? [{ source, imageFromPicture: imageFromTile }] : [];
  });
}

/** Fetches tiles a few at a time, and keeps the last ones. */
class TileCache {
  private readonly held = new Map<string, HTMLImageElement>(); // the longest unused first
  private readonly coming = new Set<string>();
  private shown = new Set<string>(); // all that would be drawn now
  private wanted: string[] = []; // those of them that nobody has asked for yet

  constructor(private readonly onTile: () => void) {}

  get(url: string): HTMLImageElement | undefined {
    const found = this.held.get(url);
    if (found) {
      this.held.delete(url);
      this.held.set(url, found);
    }
    return found;
  }

  want(urls: string[]): void {
    this.shown = new Set(urls);
    this.ask(urls);
  }

  private ask(urls: string[]): void {
    this.wanted = urls.filter((url) => !this.held.has(url) && !this.coming.has(url));
    this.next();
  }

  private next(): void {
    while (this.coming.size < AT_ONCE) {
      const url = this.wanted.shift();
      if (url === undefined) return;
      void this.fetch(url);
    }
  }

  private async fetch(url: string): Promise<void> {
    this.coming.add(url);
    try {
      const image = new Image();
      image.src = url;
      await image.decode();
      this.held.set(url, image);
      for (const old of this.held.keys()) {
        if (this.held.size <= KEPT) break;
        this.held.delete(old);
      }
      this.onTile();
    } catch {
      window.setTimeout(() => this.ask([...this.shown]), AGAIN_MS); // the preview stays in its place
    } finally {
      this.coming.delete(url);
      this.next();
    }
  }
}
