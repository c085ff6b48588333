import { getSession, newSession, putSession, endSession } from "./client";
import { ServiceGone } from "./problems";
import { tellSession } from "./session";

/** Ask who is signed in; where no answer comes the page goes on, and says elsewhere that the service is gone. */
export async function askWho(): Promise<void> {
  try {
    tellSession({ state: "in", who: await getSession() });
  } catch (error) {
    if (error instanceof ServiceGone) tellSession({ state: "in", who: null });
  }
}

export async function signIn(key: string): Promise<void> {
  tellSession({ state: "in", who: await newSession(key) });
}

export async function chooseInstrument(instrument: string): Promise<void> {
  tellSession({ state: "in", who: await putSession(instrument) });
}

export async function signOut(): Promise<void> {
  await endSession();
  tellSession({ state: "out", why: null });
}
