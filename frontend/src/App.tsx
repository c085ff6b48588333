import { useEffect, useRef, useState } from "react";
import { useConnectionLost } from "./api/connection";
import { useSession } from "./api/session";
import { loadSession } from "./api/signIn";
import { Workspace } from "./Workspace";
import { ConnectionBanner } from "./frame/ConnectionBanner";
import { Header } from "./frame/Header";
import { useFileDrops } from "./pair/useDropAnywhere";
import { SignIn } from "./signin/SignIn";

/** Header, connection banner and main content; the sign-in form where the service requires an API key. */
export function App() {
  const session = useSession();
  const disconnected = useConnectionLost();
  const [adding, setAdding] = useState(false); // true while the user adds another instrument to the session
  const account = session.state === "signedIn" ? session.account : null;
  const instrument = useInstrument(account?.instrument);
  const sessionUnknown = session.state === "loading" || (session.state === "signedIn" && account === null);
  useFileDrops(session.state !== "signedIn"); // the form comes with the session
  useEffect(() => {
    if (sessionUnknown && !disconnected) void loadSession();
  }, [sessionUnknown, disconnected]);
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <Header account={account} onAddInstrument={() => setAdding(true)} />
      <ConnectionBanner />
      <main id="main">
        {session.state === "signedOut" && <SignIn key={session.reason} reason={session.reason} />}
        {session.state === "signedIn" && adding && <SignIn reason={null} onCancel={() => setAdding(false)} />}
        {session.state === "signedIn" && !adding && <Workspace key={instrument} />}
      </main>
    </>
  );
}

/** A counter that changes with the instrument, but not when the first one becomes known: entered data is kept. */
function useInstrument(name: string | undefined): number {
  const known = useRef({ name, count: 0 });
  if (name !== undefined && name !== known.current.name) {
    known.current = { name, count: known.current.count + (known.current.name === undefined ? 0 : 1) };
  }
  return known.current.count;
}
