import { useCallback } from "react";
import { getRegistration } from "./client";
import type { RegistrationEvent } from "./events";
import type { Registration, State } from "./types";
import { useEvents } from "./useEvents";
import { type Polled, usePolling } from "./usePolling";

const MIN_INTERVAL_MS = 150; // a small pair takes less than a second
const MAX_INTERVAL_MS = 3000;

export function isFinished(state: State): boolean {
  return state === "succeeded" || state === "failed" || state === "cancelled";
}

/** One registration, kept up to date by events and polling until it is finished. */
export function useRegistration(id: string): Polled<Registration> {
  const load = useCallback((signal: AbortSignal) => getRegistration(id, signal), [id]);
  const polled = usePolling(load, interval);
  const finished = polled.value !== null && isFinished(polled.value.state);
  const matches = useCallback(
    (event: RegistrationEvent) => event.registration_id === id && !finished,
    [id, finished],
  );
  useEvents(matches, polled.refresh);
  return polled;
}

function interval(registration: Registration, round: number): number | null {
  return isFinished(registration.state) ? null : Math.min(MIN_INTERVAL_MS * 1.4 ** round, MAX_INTERVAL_MS);
}
