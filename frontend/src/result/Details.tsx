import type { ReactNode } from "react";
import { adjustAddress, useAddress } from "../url";
import "./details.css";

interface Props {
  summary: string; // the transform in a line, so that most users need no more
  children: ReactNode;
}

/** What stands behind the verdict, folded until it is opened; the URL keeps that. */
export function Details({ summary, children }: Props) {
  const open = useAddress().get("details") === "1";
  return (
    <details
      className="result-details"
      open={open}
      onToggle={(event) => adjustAddress({ details: event.currentTarget.open ? "1" : null })}
    >
      <summary>
        Details <span className="hint">{summary}</span>
      </summary>
      <div className="result-details-content">{children}</div>
    </details>
  );
}
