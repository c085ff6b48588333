import { useSyncExternalStore } from "react";
import type { SignedIn } from "./types";

/** Who is signed in: one fact for the whole page; `who` is null where the service does not answer. */
export type Session =
  | { state: "asking" }
  | { state: "out"; why: string | null } // null: nobody was signed in before
  | { state: "in"; who: SignedIn | null };

let session: Session = { state: "asking" };
const listeners = new Set<() => void>();

export function useSession(): Session {
  return useSyncExternalStore(subscribe, () => session);
}

export function tellSession(now: Session): void {
  session = now;
  for (const listener of listeners) listener();
}

/** Any answer may say that a key is asked for, or that the session is over. */
export function noteUnknown(why: string): void {
  if (session.state !== "out") tellSession({ state: "out", why: session.state === "in" ? why : null });
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
