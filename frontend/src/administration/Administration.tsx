import { useCallback } from "react";
import { getStatistics } from "../api/client";
import { messageOf } from "../api/errors";
import { usePolling } from "../api/usePolling";
import { ProblemNote } from "../frame/ProblemNote";
import { useTitle } from "../frame/useTitle";
import { seconds } from "../quantities";
import "./administration.css";
import { DayTable } from "./DayTable";
import { InstrumentTable } from "./InstrumentTable";

const INTERVAL_MS = 5000;

/** Queue lengths, waiting times and refusal rates of all instruments. */
export function Administration() {
  const load = useCallback((signal: AbortSignal) => getStatistics(signal), []);
  const { value, error } = usePolling(load, always);
  useTitle("Administration");
  const waiting = value?.instruments.reduce((sum, one) => sum + one.waiting, 0) ?? 0;
  const running = value?.instruments.reduce((sum, one) => sum + one.running, 0) ?? 0;
  const oldest = Math.max(0, ...(value?.instruments.map((one) => one.oldest_waiting_s) ?? []));
  return (
    <section className="administration" aria-labelledby="administration-title">
      <h1 id="administration-title">Administration</h1>
      {error !== null && <ProblemNote title="Not shown:">{messageOf(error)}</ProblemNote>}
      {value && (
        <>
          <dl className="tiles">
            <Tile name="Queued" value={String(waiting)} />
            <Tile name="Longest wait" value={waiting > 0 ? seconds(oldest) : "–"} />
            <Tile name="Running" value={String(running)} />
          </dl>
          <InstrumentTable instruments={value.instruments} />
          <DayTable days={value.days} />
        </>
      )}
    </section>
  );
}

const always = () => INTERVAL_MS;

function Tile({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
