import type { SignedIn } from "../api/types";
import { useService } from "../api/useService";
import { InstrumentMenu } from "../signin/InstrumentMenu";
import { ADMINISTRATION, NETWORKS, SERIES_LIST } from "../url";
import { LocalLink } from "./LocalLink";
import "./header.css";

interface Props {
  account: SignedIn | null;
  onAddInstrument: () => void;
}

export function Header({ account, onAddInstrument }: Props) {
  const service = useService();
  return (
    <header className="header">
      <LocalLink href="/" className="brand" label="Xebra, new registration">
        <Mark />
        <span>Xebra</span>
      </LocalLink>
      <p className="header-about">Registration of X-ray and electron images</p>
      <nav aria-label="Service">
        {service && <span className="version">Version {service.version}</span>}
        {account?.scopes.includes("admin") && (
          <LocalLink href={`/?page=${ADMINISTRATION}`}>Administration</LocalLink>
        )}
        <LocalLink href={`/?page=${SERIES_LIST}`}>Series</LocalLink>
        {account?.scopes.includes("networks") && <LocalLink href={`/?page=${NETWORKS}`}>Networks</LocalLink>}
        <a href="/docs">API</a>
      </nav>
      {account?.expires_at && <InstrumentMenu account={account} onAddInstrument={onAddInstrument} />}
    </header>
  );
}

/** The logo: zebra stripes. */
function Mark() {
  return (
    <svg className="mark" viewBox="0 0 24 24" aria-hidden="true">
      <path d="M4 4h16v16H4zM4 12.5L12.5 4M4 20L20 4M11.5 20L20 11.5" />
    </svg>
  );
}
