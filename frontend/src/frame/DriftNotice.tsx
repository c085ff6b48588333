import { useCallback, useState } from "react";
import { acknowledgeDrift, getDrift } from "../api/client";
import { messageOf } from "../api/errors";
import { usePolling } from "../api/usePolling";
import { registrationHref } from "../url";
import { Icon } from "./Icon";
import { LocalLink } from "./LocalLink";
import "./banner.css";

const INTERVAL_MS = 60_000;

/** Shown while the latest jobs of the instrument differ from its reference, with results before and after. */
export default function DriftNotice() {
  const load = useCallback((signal: AbortSignal) => getDrift(signal), []);
  const { value, refresh } = usePolling(load, always);
  const [problem, setProblem] = useState("");
  if (value?.state !== "changed") return null;
  const acknowledge = () =>
    acknowledgeDrift().then(refresh, (error: unknown) => setProblem(messageOf(error)));
  return (
    <aside className="banner" aria-label="Change of the instrument">
      <Icon name="warning" />
      <span>
        <strong>The latest jobs differ from the reference of this instrument:</strong>{" "}
        {value.features.map((name) => name.replaceAll("_", " ")).join(", ")}. Examples before:{" "}
        <Examples ids={value.examples.before} />; after: <Examples ids={value.examples.after} />.{" "}
        <button type="button" onClick={() => void acknowledge()}>
          Take as new reference
        </button>{" "}
        {problem}
      </span>
    </aside>
  );
}

function Examples({ ids }: { ids: string[] }) {
  if (ids.length === 0) return "deleted";
  return ids.map((id, index) => (
    <span key={id}>
      {index > 0 && ", "}
      <LocalLink href={registrationHref(id)}>{id.slice(0, 8)}</LocalLink>
    </span>
  ));
}

const always = () => INTERVAL_MS;
