import { useCallback, useState } from "react";
import { listRegistrations } from "./client";
import { isListening } from "./events";
import type { RegistrationList } from "./types";
import { isOver } from "./useRegistration";
import { useNews } from "./useNews";
import { type Polled, usePolling } from "./usePolling";

const FIRST = 12;
const MOST = 100; // what the service gives at once
const LISTENING_MS = 15_000; // news come by themselves then
const BUSY_MS = 1500;
const QUIET_MS = 6000; // other instruments may submit at any time

/** What the service is asked to leave out. */
export type Filter = Partial<Record<"state" | "verdict" | "batch_id", string>>;

export interface Recent extends Polled<RegistrationList> {
  filter: Filter;
  setFilter: (filter: Filter) => void;
  more: (() => void) | null;
}

/** The newest registrations, kept up to date. */
export function useRecent(): Recent {
  const [filter, setFilter] = useState<Filter>({});
  const [limit, setLimit] = useState(FIRST);
  const load = useCallback((signal: AbortSignal) => listRegistrations(limit, { ...filter }, signal), [limit, filter]);
  const polled = usePolling(load, pause);
  useNews(any, polled.refresh);
  const more = limit < MOST && polled.value?.next_cursor ? () => setLimit(MOST) : null;
  return { ...polled, filter, setFilter, more };
}

const any = () => true;

function pause(list: RegistrationList): number {
  if (isListening()) return LISTENING_MS;
  return list.items.every((item) => isOver(item.state)) ? QUIET_MS : BUSY_MS;
}
