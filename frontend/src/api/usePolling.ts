import { useCallback, useEffect, useState } from "react";
import { ServiceUnreachable, ServiceError, isAbort } from "./errors";

const RETRY_MS = [1000, 2000, 4000, 8000]; // while the service does not respond or fails; the last one repeats

export interface Polled<T> {
  value: T | null;
  error: unknown;
  refresh: () => void;
}

/**
 * Load repeatedly. `interval` gives the delay in ms after the nth response, or null to stop.
 * Without a response or after a server error (5xx) it retries; after a client error (4xx) it stops.
 * `load` and `interval` must be stable: a new `load` starts over.
 */
export function usePolling<T>(
  load: (signal: AbortSignal) => Promise<T>,
  interval: (value: T, round: number) => number | null,
): Polled<T> {
  const [outcome, setOutcome] = useState<{ value: T | null; error: unknown }>({ value: null, error: null });
  const [refreshCount, setRefreshCount] = useState(0);
  const refresh = useCallback(() => setRefreshCount((n) => n + 1), []);

  useEffect(() => setOutcome(({ value }) => ({ value, error: null })), [load]); // keeps the old value until the new one is loaded

  useEffect(() => {
    const abort = new AbortController();
    let timer = 0;

    async function poll(round: number, failures: number): Promise<void> {
      try {
        const value = await load(abort.signal);
        if (abort.signal.aborted) return; // superseded by a newer request
        setOutcome({ value, error: null });
        const delay = interval(value, round);
        if (delay !== null) schedule(delay, round + 1, 0);
      } catch (error) {
        if (isAbort(error) || abort.signal.aborted) return;
        if (!(error instanceof ServiceUnreachable)) setOutcome(({ value }) => ({ value, error }));
        if (isTransient(error)) schedule(retryDelay(failures), round, failures + 1);
      }
    }

    function schedule(delay: number, round: number, failures: number): void {
      if (!abort.signal.aborted) timer = window.setTimeout(() => void poll(round, failures), delay);
    }

    void poll(0, 0);
    return () => {
      abort.abort();
      window.clearTimeout(timer);
    };
  }, [load, interval, refreshCount]);

  return { ...outcome, refresh };
}

function isTransient(error: unknown): boolean {
  return (
    error instanceof ServiceUnreachable || (error instanceof ServiceError && error.problem.status >= 500)
  );
}

function retryDelay(failures: number): number {
  return RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 0;
}
