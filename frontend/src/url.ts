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

export function registrationHref(id: string): string {
  return `/?registration=${encodeURIComponent(id)}`;
}

export const ADMINISTRATION = "administration";

export function open(href: string): void {
  window.history.pushState(null, "", href);
  window.scrollTo({ top: 0 });
  window.dispatchEvent(new Event(CHANGED));
}

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
  window.dispatchEvent(new Event(CHANGED));
}

function subscribe(listener: () => void): () => void {
  window.addEventListener("popstate", listener);
  window.addEventListener(CHANGED, listener);
  return () => {
    window.removeEventListener("popstate", listener);
    window.removeEventListener(CHANGED, listener);
  };
}
