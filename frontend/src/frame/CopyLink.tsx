import { useState } from "react";
import { copyText } from "./copyText";

/** Copies the address of what the page shows; it restores the same view for everybody with access. */
export function CopyLink() {
  const [copied, setCopied] = useState<"no" | "yes" | "failed">("no");
  const copy = () => {
    setCopied("no");
    copyText(window.location.href).then(
      () => setCopied("yes"),
      () => setCopied("failed"),
    );
  };
  return (
    <>
      <button type="button" onClick={copy} onBlur={() => setCopied("no")}>
        {copied === "yes" ? "Link copied" : "Copy link"}
      </button>
      <span className="spoken" role="status">
        {copied === "yes" && "Link copied"}
        {copied === "failed" && "The browser does not allow copying; copy the address of the page instead."}
      </span>
    </>
  );
}
