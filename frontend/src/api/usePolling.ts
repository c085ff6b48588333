import { useCallback, useEffect, useState } from "react";
import { ServiceGone, ServiceProblem, isAbort } from "./problems";

const RETRY_MS = [1000, 2000, 4000, 8000]; // while the service is gone or unwell; the last one repeats

export interface Polled<T> {
  value: T | null;
  error: unknown;
  refresh: () => void;
}

/**
 * Load now and again. `pause` says how many ms to wait after the nth answer, or null to stop.
 * Where no answer comes, or the service is at fault, it keeps trying; where the service says no, it stops.
 * `load` and `pause` must be stable: a new `load` starts over.
 */
export function usePolling<T>(
  load: (signal: AbortSignal) => Promise<T>,
  pause: (value: T, round: number) => number | null,
): Polled<T> {
  const [outcome, setOutcome] = useState<{ value: T | null; error: unknown }>({ value: null, error: null });
  const [turn, setTurn] = useState(0);
  const refresh = useCallback(() => setTurn((n) => n + 1), []);

  useEffect(() => setOutcome(({ value }) => ({ value, error: null })), [load]); // the old stays until the new has come

  useEffect(() => {
    const abort = new AbortController();
    let timer = 0;

    async function next(round: number, failures: number): Promise<void> {
      try {
        const value = await load(abort.signal);
        if (abort.signal.aborted) return; // something newer was asked for meanwhile
        setOutcome({ value, error: null });
        const wait = pause(value, round);
        if (wait !== null) again(wait, round + 1, 0);
      } catch (error) {
        if (isAbort(error) || abort.signal.aborted) return;
        if (!(error instanceof ServiceGone)) setOutcome(({ value }) => ({ value, error }));
        if (mayPass(error)) again(retryAfter(failures), round, failures + 1);
      }
    }

    function again(wait: number, round: number, failures: number): void {
      if (!abort.signal.aborted) timer = window.setTimeout(() => void next(round, failures), wait);
    }

    void next(0, 0);
    return () => {
      abort.abort();
      window.clearTimeout(timer);
    };
  }, [load, pause, turn]);

  return { ...outcome, refresh };
}

function mayPass(error: unknown): boolean {
  return error instanceof ServiceGone || (error instanceof ServiceProblem && error.problem.status >= 500);
}

function retryAfter(failures: number): number {
  return RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 0;
}
