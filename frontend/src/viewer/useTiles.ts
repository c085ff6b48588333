import { useEffect, useReducer, useState } from "react";
import type { Tile } from "./tiles";
import type { Picture } from "./picture";

const CACHE_SIZE = 120; // tiles per image, about 30 MB of pixels
const MAX_CONCURRENT = 4;
const DEBOUNCE_MS = 60; // tiles that a quick pan passes are not fetched
const RETRY_MS = 4000; // after a failed download

/** Those of the wanted tiles that are loaded. */
export function useTiles(wanted: Tile[]): Picture[] {
  const [, redraw] = useReducer((n: number) => n + 1, 0);
  const [cache] = useState(() => new TileCache(redraw));
  const key = wanted.map(({ url }) => url).join(" ");
  useEffect(() => {
    const timer = window.setTimeout(() => cache.request(key === "" ? [] : key.split(" ")), DEBOUNCE_MS);
    return () => window.clearTimeout(timer);
  }, [cache, key]);
  useEffect(() => () => cache.request([]), [cache]);
  return wanted.flatMap(({ url, imageFromTile }) => {
    const source = cache.get(url);
    return source ? [{ source, imageFromPicture: imageFromTile }] : [];
  });
}

/** Downloads a few tiles at a time and keeps the most recently used ones. */
class TileCache {
  private readonly loaded = new Map<string, HTMLImageElement>(); // least recently used first
  private readonly loading = new Set<string>();
  private visible = new Set<string>(); // all visible tiles
  private pending: string[] = []; // visible tiles that are not requested yet

  constructor(private readonly onTile: () => void) {}

  get(url: string): HTMLImageElement | undefined {
    const found = this.loaded.get(url);
    if (found) {
      this.loaded.delete(url);
      this.loaded.set(url, found);
    }
    return found;
  }

  request(urls: string[]): void {
    this.visible = new Set(urls);
    this.enqueue(urls);
  }

  private enqueue(urls: string[]): void {
    this.pending = urls.filter((url) => !this.loaded.has(url) && !this.loading.has(url));
    this.startDownloads();
  }

  private startDownloads(): void {
    while (this.loading.size < MAX_CONCURRENT) {
      const url = this.pending.shift();
      if (url === undefined) return;
      void this.download(url);
    }
  }

  private async download(url: string): Promise<void> {
    this.loading.add(url);
    try {
      const image = new Image();
      image.src = url;
      await image.decode();
      this.loaded.set(url, image);
      for (const old of this.loaded.keys()) {
        if (this.loaded.size <= CACHE_SIZE) break;
        this.loaded.delete(old);
      }
      this.onTile();
    } catch {
      window.setTimeout(() => this.enqueue([...this.visible]), RETRY_MS); // the preview is shown meanwhile
    } finally {
      this.loading.delete(url);
      this.startDownloads();
    }
  }
}
