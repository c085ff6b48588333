import { useEffect, useState } from "react";
import { listImages } from "../api/client";
import { isAbort, messageOf } from "../api/problems";
import type { Image } from "../api/types";

/** Own images, newest first, a page at a time; `more` asks for the next one. */
export function useEarlier(): { images: Image[] | null; problem: string | null; more: (() => void) | null } {
  const [images, setImages] = useState<Image[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [from, setFrom] = useState<string | null>(null); // the page that is asked for
  const [next, setNext] = useState<string | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    listImages(from, abort.signal).then(
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
