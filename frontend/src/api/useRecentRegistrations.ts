import { useCallback, useMemo, useState } from "react";
import { adjustAddress, useAddress } from "../url";
import { listRegistrations } from "./client";
import { type RegistrationEvent, isStreamOpen } from "./events";
import type { RegistrationList } from "./types";
import { useEvents } from "./useEvents";
import { type Polled, usePolling } from "./usePolling";
import { isFinished } from "./useRegistration";

const INITIAL_LIMIT = 12;
const OF_A_BATCH = 100;
const STEP = 100;
const PAGE = 200; // largest page of the service
const STREAMING_MS = 15_000; // while events arrive
const ACTIVE_MS = 1500;
const IDLE_MS = 6000; // other clients may submit at any time

/** Filter of the list, applied by the service and kept in the URL. */
export type Filter = Partial<Record<"state" | "verdict" | "batch_id" | "search" | "tag", string>>;

export interface RecentRegistrations extends Polled<RegistrationList> {
  filter: Filter;
  setFilter: (filter: Filter) => void;
  more: (() => void) | null;
}

/** The newest registrations that match the URL's filter, kept up to date. */
export function useRecentRegistrations(): RecentRegistrations {
  const address = useAddress();
  const filter = useFilter(address);
  const [further, setFurther] = useState(0);
  const limit = (filter.batch_id ? OF_A_BATCH : INITIAL_LIMIT) + further;
  const load = useCallback((signal: AbortSignal) => listAll(limit, filter, signal), [limit, filter]);
  const polled = usePolling(load, interval);
  useEvents(isOfRegistration, polled.refresh);
  const more = polled.value?.next_cursor ? () => setFurther(further + STEP) : null;
  return { ...polled, filter, setFilter, more };
}

function useFilter(address: URLSearchParams): Filter {
  const [state, verdict, batch, search, tag] = ["state", "verdict", "batch", "search", "tag"].map((key) =>
    address.get(key),
  );
  return useMemo(
    () => ({
      ...(state && { state }),
      ...(verdict && { verdict }),
      ...(batch && { batch_id: batch }),
      ...(search && { search }),
      ...(tag && { tag }),
    }),
    [state, verdict, batch, search, tag],
  );
}

function setFilter({ state, verdict, batch_id, search, tag }: Filter): void {
  adjustAddress({
    state: state ?? null,
    verdict: verdict ?? null,
    batch: batch_id ?? null,
    search: search || null,
    tag: tag ?? null,
  });
}

/** The first registrations, page after page. */
async function listAll(limit: number, filter: Filter, signal: AbortSignal): Promise<RegistrationList> {
  const query = (cursor: string | null) => ({ ...filter, ...(cursor !== null && { cursor }) });
  let found = await listRegistrations(Math.min(limit, PAGE), query(null), signal);
  while (found.next_cursor && found.items.length < limit) {
    const next = await listRegistrations(
      Math.min(limit - found.items.length, PAGE),
      query(found.next_cursor),
      signal,
    );
    found = { items: [...found.items, ...next.items], next_cursor: next.next_cursor };
  }
  return found;
}

const isOfRegistration = (event: RegistrationEvent) => event.series_id === undefined;

function interval(list: RegistrationList): number {
  if (isStreamOpen()) return STREAMING_MS;
  return list.items.every((item) => isFinished(item.state)) ? IDLE_MS : ACTIVE_MS;
}
