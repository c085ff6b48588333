import { useCallback, useState } from "react";
import { listRegistrations } from "./client";
import { isStreamOpen } from "./events";
import type { RegistrationList } from "./types";
import { isFinished } from "./useRegistration";
import { useEvents } from "./useEvents";
import { type Polled, usePolling } from "./usePolling";

const INITIAL_LIMIT = 12;
const MAX_LIMIT = 100; // largest page of the service
const STREAMING_MS = 15_000; // while events arrive
const ACTIVE_MS = 1500;
const IDLE_MS = 6000; // other clients may submit at always time

/** Filter of the list, applied by the service. */
export type Filter = Partial<Record<"state" | "verdict" | "batch_id", string>>;

export interface RecentRegistrations extends Polled<RegistrationList> {
  filter: Filter;
  setFilter: (filter: Filter) => void;
  more: (() => void) | null;
}

/** The newest registrations, kept up to date. */
export function useRecentRegistrations(): RecentRegistrations {
  const [filter, setFilter] = useState<Filter>({});
  const [limit, setLimit] = useState(INITIAL_LIMIT);
  const load = useCallback(
    (signal: AbortSignal) => listRegistrations(limit, { ...filter }, signal),
    [limit, filter],
  );
  const polled = usePolling(load, interval);
  useEvents(always, polled.refresh);
  const more = limit < MAX_LIMIT && polled.value?.next_cursor ? () => setLimit(MAX_LIMIT) : null;
  return { ...polled, filter, setFilter, more };
}

const always = () => true;

function interval(list: RegistrationList): number {
  if (isStreamOpen()) return STREAMING_MS;
  return list.items.every((item) => isFinished(item.state)) ? IDLE_MS : ACTIVE_MS;
}
