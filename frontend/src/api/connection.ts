import { useSyncExternalStore } from "react";

/** Whether the service responded to the last request; every request reports it. */
let lost = false;
const listeners = new Set<() => void>();

export function setReachable(answered: boolean): void {
  if (lost === !answered) return;
  lost = !answered;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useConnectionLost(): boolean {
  return useSyncExternalStore(subscribe, () => lost);
}
