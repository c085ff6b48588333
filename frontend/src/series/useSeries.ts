import { useCallback, useEffect, useState } from "react";
import { getSeries, listFrames } from "../api/client";
import { isAbort } from "../api/errors";
import { type RegistrationEvent, isStreamOpen } from "../api/events";
import type { Series, SeriesFrame } from "../api/types";
import { useEvents } from "../api/useEvents";
import { type Polled, usePolling } from "../api/usePolling";

const STREAMING_MS = 5000; // while events arrive
const RECORDING_MS = 1000;
const PAGE = 2000;

export interface ShownSeries extends Polled<Series> {
  frames: SeriesFrame[];
}

/** A series and all its frames, kept up to date while it is recorded. */
export function useSeries(id: string): ShownSeries {
  const load = useCallback((signal: AbortSignal) => getSeries(id, signal), [id]);
  const polled = usePolling(load, interval);
  const isOfSeries = useCallback((event: RegistrationEvent) => event.series_id === id, [id]);
  useEvents(isOfSeries, polled.refresh);
  const [frames, setFrames] = useState<SeriesFrame[]>([]);
  const known = frames.length;
  const wanted = polled.value?.frames ?? 0;
  useEffect(() => {
    if (known >= wanted) return;
    const abort = new AbortController();
    const after = frames.at(-1)?.number ?? -1;
    listFrames(id, after, PAGE, abort.signal).then(
      ({ items }) => items.length > 0 && setFrames((all) => joined(all, items)),
      (error) => isAbort(error) || undefined, // the next state of the series loads them again
    );
    return () => abort.abort();
  }, [id, known, wanted, frames]);
  return { ...polled, frames };
}

/** Frames with new ones that have larger numbers. */
function joined(all: SeriesFrame[], items: SeriesFrame[]): SeriesFrame[] {
  const last = all.at(-1)?.number ?? -1;
  return [...all, ...items.filter(({ number }) => number > last)];
}

function interval({ state }: Series): number | null {
  if (state === "finished") return null;
  return isStreamOpen() ? STREAMING_MS : RECORDING_MS;
}
