import { useCallback, useEffect, useState } from "react";
import { listImages } from "../api/client";
import { isAbort, messageOf } from "../api/errors";
import type { Image } from "../api/types";

const TYPING_MS = 250; // no query for each letter

export interface EarlierUploads {
  images: Image[] | null; // without those of the same content and name as a newer one
  problem: string | null;
  more: (() => void) | null;
  put: (image: Image) => void; // show a changed image
  drop: (image: Image) => void; // show an image no more
}

/** Uploaded images with these words in their names, newest first; `more` loads the next page. */
export function useEarlierUploads(search: string): EarlierUploads {
  const [images, setImages] = useState<Image[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const load = useCallback(
    (cursor: string | null, signal: AbortSignal) =>
      listImages(
        { limit: "24", ...(search.trim() && { search }), ...(cursor !== null && { cursor }) },
        signal,
      ).then(
        ({ items, next_cursor }) => {
          setImages((before) => distinct([...(cursor === null ? [] : (before ?? [])), ...items]));
          setNext(next_cursor);
        },
        (error) => isAbort(error) || setProblem(messageOf(error)),
      ),
    [search],
  );
  useEffect(() => {
    const abort = new AbortController();
    const timer = window.setTimeout(() => void load(null, abort.signal), search === "" ? 0 : TYPING_MS);
    return () => {
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [load, search]);
  return {
    images,
    problem,
    more: next === null ? null : () => void load(next, new AbortController().signal),
    put: (image) => setImages((all) => all?.map((one) => (one.id === image.id ? image : one)) ?? null),
    drop: ({ id }) => setImages((all) => all?.filter((one) => one.id !== id) ?? null),
  };
}

function distinct(images: Image[]): Image[] {
  const found = new Map<string, Image>();
  for (const image of images) {
    const key = `${image.sha256} ${image.name}`;
    if (!found.has(key)) found.set(key, image);
  }
  return [...found.values()];
}
