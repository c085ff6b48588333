import { useEffect, useRef, useState } from "react";
import { useConnectionLost } from "./api/connection";
import { useSession } from "./api/session";
import { askWho } from "./api/signIn";
import { Inside } from "./Inside";
import { ConnectionBanner } from "./frame/ConnectionBanner";
import { Header } from "./frame/Header";
import { SignIn } from "./signin/SignIn";

/** What frames the page, and the door where the service asks for a key. */
export function App() {
  const session = useSession();
  const lost = useConnectionLost();
  const [adding, setAdding] = useState(false); // another instrument, to those that are open
  const who = session.state === "in" ? session.who : null;
  const instrument = useInstrument(who?.instrument);
  const unknown = session.state === "asking" || (session.state === "in" && who === null);
  useEffect(() => {
    if (unknown && !lost) void askWho();
  }, [unknown, lost]);
  return (
    <>
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <Header who={who} onAnother={() => setAdding(true)} />
      <ConnectionBanner />
      <main id="main">
        {session.state === "out" && <SignIn key={session.why} why={session.why} />}
        {session.state === "in" && adding && <SignIn why={null} onLeave={() => setAdding(false)} />}
        {session.state === "in" && !adding && <Inside key={instrument} />}
      </main>
    </>
  );
}

/** A number that changes with the instrument, but not when the first one becomes known: what was begun stays. */
function useInstrument(name: string | undefined): number {
  const known = useRef({ name, count: 0 });
  if (name !== undefined && name !== known.current.name) {
    known.current = { name, count: known.current.count + (known.current.name === undefined ? 0 : 1) };
  }
  return known.current.count;
}
