import { useEffect, useState } from "react";
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
        {session.state === "out" && <SignIn why={session.why} />}
        {session.state === "in" && adding && <SignIn why={null} onLeave={() => setAdding(false)} />}
        {session.state === "in" && !adding && <Inside key={who?.instrument ?? ""} />}
      </main>
    </>
  );
}
