import { getSession, createSession, switchInstrument, deleteSession } from "./client";
import { ServiceUnreachable } from "./errors";
import { setSession } from "./session";

/** Load the session; without a response the page continues and the connection banner is shown. */
export async function loadSession(): Promise<void> {
  try {
    setSession({ state: "signedIn", account: await getSession() });
  } catch (error) {
    if (error instanceof ServiceUnreachable) setSession({ state: "signedIn", account: null });
  }
}

export async function signIn(key: string): Promise<void> {
  setSession({ state: "signedIn", account: await createSession(key) });
}

export async function chooseInstrument(instrument: string): Promise<void> {
  setSession({ state: "signedIn", account: await switchInstrument(instrument) });
}

export async function signOut(): Promise<void> {
  await deleteSession();
  setSession({ state: "signedOut", reason: null });
}
