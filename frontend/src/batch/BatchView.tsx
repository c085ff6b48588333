import { useCallback, useState } from "react";
import { getBatch } from "../api/client";
import { messageOf } from "../api/errors";
import type { RegistrationEvent } from "../api/events";
import type { Batch } from "../api/types";
import { useEvents } from "../api/useEvents";
import { usePolling } from "../api/usePolling";
import { CopyLink } from "../frame/CopyLink";
import { Icon } from "../frame/Icon";
import { LocalLink } from "../frame/LocalLink";
import { ProblemNote } from "../frame/ProblemNote";
import { useTitle } from "../frame/useTitle";
import "./batchView.css";

const INTERVAL_MS = 3000;

/** A batch: how many registrations have ended, and its archive. */
export function BatchView({ id }: { id: string }) {
  const load = useCallback((signal: AbortSignal) => getBatch(id, signal), [id]);
  const { value: batch, error, refresh } = usePolling(load, interval);
  const isOfBatch = useCallback((event: RegistrationEvent) => event.batch_id === id, [id]);
  useEvents(isOfBatch, refresh);
  const words = batch && progressOf(batch);
  useTitle(words === null ? "Batch" : `Batch, ${words}`);
  return (
    <section className="batch" aria-labelledby="batch-title">
      <div className="registration-head">
        <h1 id="batch-title">
          {batch ? `Batch of ${batch.size} ${batch.size === 1 ? "pair" : "pairs"}` : "Batch"}
        </h1>
        <div className="registration-actions">
          <CopyLink />
          <LocalLink href="/" className="button">
            New registration
          </LocalLink>
        </div>
      </div>
      {error !== null && <ProblemNote title="Not shown:">{messageOf(error)}</ProblemNote>}
      {batch && (
        <>
          <div className="batch-progress">
            <p role="status">{words}</p>
            <progress value={doneOf(batch)} max={batch.size} aria-label="Registrations that have ended" />
          </div>
          <Archive batch={batch} />
        </>
      )}
    </section>
  );
}

function interval(batch: Batch): number | null {
  return batch.ended ? null : INTERVAL_MS;
}

function doneOf({ states }: Batch): number {
  return states.succeeded + states.failed + states.cancelled;
}

function progressOf(batch: Batch): string {
  const { failed, cancelled } = batch.states;
  const others = [failed && `${failed} failed`, cancelled && `${cancelled} cancelled`].filter(Boolean);
  return [`${doneOf(batch)} of ${batch.size} done`, ...others].join(", ");
}

const TRANSFORMS = { json: "JSON", itk: "ITK", bigwarp: "BigWarp", napari: "napari", csv: "CSV" };

/** The link to the archive, with what it holds beside the table of results. */
function Archive({ batch }: { batch: Batch }) {
  const [images, setImages] = useState(true);
  const [pictures, setPictures] = useState(true);
  const [transform, setTransform] = useState("json");
  const query = new URLSearchParams({
    ...(images && { images: "true" }),
    ...(pictures && { pictures: "true" }),
    ...(transform && { transform }),
  });
  return (
    <fieldset className="batch-archive">
      <legend>Archive</legend>
      <Check label="Registered images" checked={images} onCheck={setImages} />
      <Check label="Figures" checked={pictures} onCheck={setPictures} />
      <label className="batch-transforms">
        <span>Transforms</span>
        <select value={transform} onChange={(event) => setTransform(event.currentTarget.value)}>
          <option value="">none</option>
          {Object.entries(TRANSFORMS).map(([key, name]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <a className="button" href={`${batch.links.results}?${query}`} download>
        <Icon name="download" /> Download (ZIP)
      </a>
      <p className="hint">With a table of all results; files are named after the images.</p>
    </fieldset>
  );
}

function Check({
  label,
  checked,
  onCheck,
}: {
  label: string;
  checked: boolean;
  onCheck: (on: boolean) => void;
}) {
  return (
    <label className="check">
      <input type="checkbox" checked={checked} onChange={(event) => onCheck(event.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
}
