import { useCallback } from "react";
import { getRegistration } from "./client";
import type { News } from "./events";
import type { Registration, State } from "./types";
import { useNews } from "./useNews";
import { type Polled, usePolling } from "./usePolling";

const FIRST_MS = 150; // a small pair is done in well under a second
const LONGEST_MS = 3000;

export function isOver(state: State): boolean {
  return state === "succeeded" || state === "failed" || state === "cancelled";
}

/** One registration, kept up to date until it is over. The only place that knows how news arrives. */
export function useRegistration(id: string): Polled<Registration> {
  const load = useCallback((signal: AbortSignal) => getRegistration(id, signal), [id]);
  const polled = usePolling(load, pause);
  const over = polled.value !== null && isOver(polled.value.state);
  const matters = useCallback((news: News) => news.registration_id === id && !over, [id, over]);
  useNews(matters, polled.refresh);
  return polled;
}

function pause(registration: Registration, round: number): number | null {
  return isOver(registration.state) ? null : Math.min(FIRST_MS * 1.4 ** round, LONGEST_MS);
}
