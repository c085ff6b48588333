import { useSyncExternalStore } from "react";

/** What the page shows is in its address, so that a reload or a link shows the same. */
const CHANGED = "xebra:address";

export function useAddress(): URLSearchParams {
  return new URLSearchParams(useSyncExternalStore(subscribe, () => window.location.search));
}

/** Go to another registration (or to the form): a step that the back button undoes. */
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

/** Change how the same is shown, without a step in the history; null takes a word out of the address. */
export function adjustAddress(change: Record<string, string | null>): void {
  const params = new URLSearchParams(window.location.search);
  for (const [key, value] of Object.entries(change)) {
    if (value === null) params.delete(key);
    else params.set(key, value);
  }
  const search = params.toString().replaceAll("%2C", ","); // commas may stand there as they are
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
