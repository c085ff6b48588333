import { useSyncExternalStore } from "react";
import type { SignedIn } from "./types";

/** The session of the page; `account` is null while the service does not respond. */
export type Session =
  | { state: "loading" }
  | { state: "signedOut"; reason: string | null } // null: no session existed before
  | { state: "signedIn"; account: SignedIn | null };

let session: Session = { state: "loading" };
let version = 0; // number of sessions so far
const listeners = new Set<() => void>();

export function useSession(): Session {
  return useSyncExternalStore(subscribe, () => session);
}

export function setSession(now: Session): void {
  session = now;
  version += 1;
  for (const listener of listeners) listener();
}

export function sessionVersion(): number {
  return version;
}

/** End the session after a 401 response to a request that was sent in session `requestVersion`. */
export function handleUnauthorized(reason: string, requestVersion: number): void {
  if (requestVersion === version && session.state !== "signedOut")
    setSession({ state: "signedOut", reason: session.state === "signedIn" ? reason : null });
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
