import { useSyncExternalStore } from "react";
import type { SignedIn } from "./types";

/** Who is signed in: one fact for the whole page; `who` is null where the service does not answer. */
export type Session =
  | { state: "asking" }
  | { state: "out"; why: string | null } // null: nobody was signed in before
  | { state: "in"; who: SignedIn | null };

let session: Session = { state: "asking" };
let turn = 0; // counts the sessions of this page
const listeners = new Set<() => void>();

export function useSession(): Session {
  return useSyncExternalStore(subscribe, () => session);
}

export function tellSession(now: Session): void {
  session = now;
  turn += 1;
  for (const listener of listeners) listener();
}

export function sessionTurn(): number {
  return turn;
}

/** Any answer may say that a key is asked for, or that the session in which it was asked for (`asked`) is over. */
export function noteUnknown(why: string, asked: number): void {
  if (asked === turn && session.state !== "out") tellSession({ state: "out", why: session.state === "in" ? why : null });
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
