import { useEffect } from "react";
import { type News, subscribe } from "./events";

const TOGETHER_MS = 120; // what comes in one burst asks once

/** Calls `refresh` soon after there is news that matters. */
export function useNews(matters: (news: News) => boolean, refresh: () => void): void {
  useEffect(() => {
    let timer = 0;
    const soon = () => {
      timer ||= window.setTimeout(() => {
        timer = 0;
        refresh();
      }, TOGETHER_MS);
    };
    const stop = subscribe((news) => (news === null || matters(news)) && soon());
    window.addEventListener("offline", soon);
    window.addEventListener("online", soon);
    return () => {
      stop();
      window.clearTimeout(timer);
      window.removeEventListener("offline", soon);
      window.removeEventListener("online", soon);
    };
  }, [matters, refresh]);
}
