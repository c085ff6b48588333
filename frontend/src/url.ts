import { useSyncExternalStore } from "react";

/** The state of the page is in its URL, so that a reload or a link shows the same. */
const CHANGED = "xebra:address";

export function useAddress(): URLSearchParams {
  return new URLSearchParams(useSyncExternalStore(subscribe, () => window.location.search));
}

/** Go to another registration or to the form; adds an entry to the browser history. */
export function openRegistration(id: string | null): void {
  open(id === null ? "/" : registrationHref(id));
}

/** The list that is shown below a registration stays the same. */
const OF_THE_LIST = ["batch", "state", "verdict", "search", "tag", "sheet"];

/** The address of a registration; `more` are further parameters. */
export function registrationHref(id: string, more: Record<string, string> = {}): string {
  return href({ registration: id, ...listParameters(), ...more });
}

/** The address of a batch; by default of the one in the address, with the list's other parameters. */
export function batchHref(id: string | null, more: Record<string, string> = {}): string {
  return id === null ? href({ ...listParameters(), ...more }) : href({ batch: id, ...more });
}

/** The address of the list of registrations that have a tag. */
export function tagHref(tag: string): string {
  return href({ tag });
}

function listParameters(): Record<string, string> {
  const address = new URLSearchParams(window.location.search);
  return Object.fromEntries(
    OF_THE_LIST.flatMap((key) => {
      const value = address.get(key);
      return value === null ? [] : [[key, value]];
    }),
  );
}

function href(parameters: Record<string, string>): string {
  return `/?${new URLSearchParams(parameters)}`;
}

export const ADMINISTRATION = "administration";
export const SERIES_LIST = "series";
export const NETWORKS = "networks";

/** The address of a series. */
export function seriesHref(id: string): string {
  return href({ series: id });
}

export function open(href: string): void {
  leave(() => {
    window.history.pushState(null, "", href);
    window.scrollTo({ top: 0 });
    changed();
  });
}

type Guard = (leave: () => void) => void;
let guard: Guard | null = null;
let current = window.location.href; // of the view that is shown

/** Call `ask` instead of leaving the view, with the function that leaves it; return the function that ends this. */
export function guardLeaving(ask: Guard): () => void {
  guard = ask;
  return () => {
    if (guard === ask) guard = null;
  };
}

function leave(go: () => void): void {
  if (guard === null) go();
  else
    guard(() => {
      guard = null;
      go();
    });
}

/** Handle the browser's buttons: the URL has changed already and is restored until the user confirms. */
function moved(): void {
  const wanted = window.location.href;
  if (guard !== null) window.history.pushState(null, "", current);
  leave(() => {
    if (window.location.href !== wanted) window.history.pushState(null, "", wanted);
    changed();
  });
}

function changed(): void {
  current = window.location.href;
  window.dispatchEvent(new Event(CHANGED));
}

window.addEventListener("popstate", moved);

/** Change URL parameters without a history entry; null removes a parameter. */
export function adjustAddress(change: Record<string, string | null>): void {
  const params = new URLSearchParams(window.location.search);
  for (const [key, value] of Object.entries(change)) {
    if (value === null) params.delete(key);
    else params.set(key, value);
  }
  const search = params.toString().replaceAll("%2C", ","); // commas need no encoding
  if (`?${search}` === window.location.search) return;
  window.history.replaceState(null, "", search ? `/?${search}` : "/");
  changed();
}

function subscribe(listener: () => void): () => void {
  window.addEventListener(CHANGED, listener);
  return () => window.removeEventListener(CHANGED, listener);
}
