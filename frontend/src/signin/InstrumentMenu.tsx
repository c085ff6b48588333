import type { SignedIn } from "../api/types";
import { chooseInstrument, signOut } from "../api/signIn";
import { open } from "../url";

const ADD_INSTRUMENT = "";

/** The instrument of the session; other instruments of the session can be selected. */
export function InstrumentMenu({
  account,
  onAddInstrument,
}: {
  account: SignedIn;
  onAddInstrument: () => void;
}) {
  async function choose(instrument: string): Promise<void> {
    if (instrument === ADD_INSTRUMENT) return onAddInstrument();
    await chooseInstrument(instrument);
    open("/"); // the current view belongs to the previous instrument
  }
  return (
    <span className="account">
      <select
        aria-label="Instrument"
        value={account.instrument}
        onChange={(event) => void choose(event.currentTarget.value)}
      >
        {account.instruments.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
        <option value={ADD_INSTRUMENT}>Another instrument…</option>
      </select>
      <button type="button" className="link" onClick={() => void signOut()}>
        Sign out
      </button>
    </span>
  );
}
