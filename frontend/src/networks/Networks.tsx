import { useState } from "react";
import { messageOf } from "../api/errors";
import { usePolling } from "../api/usePolling";
import "../administration/administration.css";
import { ProblemNote } from "../frame/ProblemNote";
import { useTitle } from "../frame/useTitle";
import { VersionTable } from "./VersionTable";
import { adapt, change, load, rollBack, setCollection } from "./versions";

const INTERVAL_MS = 5000;

/** The versions of the instrument's network: labels, adaptation, comparison, promotion, rollback. */
export default function Networks() {
  const { value, error, refresh } = usePolling(load, interval);
  const [refusal, setRefusal] = useState<string | null>(null);
  const run = (step: Promise<unknown>) => {
    setRefusal(null);
    step.catch((problem: unknown) => setRefusal(messageOf(problem))).finally(refresh);
  };
  useTitle("Networks");
  const active = value?.versions.some((version) => version.state === "active") ?? false;
  return (
    <section className="administration" aria-labelledby="networks-title">
      <h1 id="networks-title">Networks</h1>
      {error !== null && <ProblemNote title="Not shown:">{messageOf(error)}</ProblemNote>}
      {refusal !== null && <ProblemNote title="Not done:">{refusal}</ProblemNote>}
      {value && (
        <>
          <div className="networks-choices">
            <p>{active ? "Jobs use the active version." : "Jobs use the bundled network."}</p>
            <label>
              <input
                type="checkbox"
                checked={value.collects}
                onChange={(event) => run(setCollection(event.target.checked))}
              />{" "}
              Corrections, accepted reviews and certain results become labels
            </label>
            <div>
              <button type="button" className="button" onClick={() => run(adapt())}>
                Adapt to the labels
              </button>
              {active && (
                <button type="button" className="button" onClick={() => run(rollBack())}>
                  Roll back
                </button>
              )}
            </div>
          </div>
          <VersionTable overview={value} onChange={(version, what) => run(change(version, what))} />
        </>
      )}
    </section>
  );
}

const interval = () => INTERVAL_MS;
