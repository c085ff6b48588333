import { useEffect, useState } from "react";
import { listImages } from "../api/client";
import { isAbort, messageOf } from "../api/errors";
import type { Image } from "../api/types";

/** Uploaded images, newest first; `more` loads the next page. */
export function useEarlierUploads(): {
  images: Image[] | null;
  problem: string | null;
  more: (() => void) | null;
} {
  const [images, setImages] = useState<Image[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [from, setFrom] = useState<string | null>(null); // cursor of the requested page
  const [next, setNext] = useState<string | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    listImages({ limit: "24", ...(from !== null && { cursor: from }) }, abort.signal).then(
      ({ items, next_cursor }) => {
        setImages((before) => [...(from === null ? [] : (before ?? [])), ...items]);
        setNext(next_cursor);
      },
      (error) => isAbort(error) || setProblem(messageOf(error)),
    );
    return () => abort.abort();
  }, [from]);
  return { images, problem, more: next === null || next === from ? null : () => setFrom(next) };
}
