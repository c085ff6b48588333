import type { SignedIn } from "../api/types";
import { chooseInstrument, signOut } from "../api/signIn";
import { open } from "../url";

const ANOTHER = "";

/** For which instrument this page speaks; others whose keys were shown are one choice away. */
export function Who({ who, onAnother }: { who: SignedIn; onAnother: () => void }) {
  async function choose(instrument: string): Promise<void> {
    if (instrument === ANOTHER) return onAnother();
    await chooseInstrument(instrument);
    open("/"); // what was shown belongs to the other one
  }
  return (
    <span className="who">
      <select aria-label="Instrument" value={who.instrument} onChange={(event) => void choose(event.currentTarget.value)}>
        {who.instruments.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
        <option value={ANOTHER}>Another instrument…</option>
      </select>
      <button type="button" className="link" onClick={() => void signOut()}>
        Sign out
      </button>
    </span>
  );
}
