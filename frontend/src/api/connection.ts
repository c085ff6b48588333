import { useSyncExternalStore } from "react";

/** Whether the service answered the last request: one fact, told by every request, shown in one place. */
let lost = false;
const listeners = new Set<() => void>();

export function reportAnswer(answered: boolean): void {
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
