import { useState } from "react";
import { finishSeries } from "../api/client";
import { messageOf } from "../api/errors";
import type { Series, SeriesFrame } from "../api/types";
import { LocalLink } from "../frame/LocalLink";
import { ProblemNote } from "../frame/ProblemNote";
import { useTitle } from "../frame/useTitle";
import { SERIES_LIST } from "../url";
import { DriftPlot } from "./DriftPlot";
import { useSeries } from "./useSeries";
import "./series.css";

/** A series while it is recorded: drift, frames that do not fit, and the frame at the slider. */
export function SeriesView({ id }: { id: string }) {
  const { value: series, error, frames, refresh } = useSeries(id);
  const [chosen, setChosen] = useState<number | null>(null); // index among the frames; null: the newest
  const at = Math.min(chosen ?? frames.length - 1, frames.length - 1);
  const frame = frames[at];
  const [failure, setFailure] = useState<unknown>(null);
  useTitle(series ? `Series ${series.name}, ${wordsOf(series)}` : "Series");
  return (
    <section className="series" aria-labelledby="series-title">
      <div className="registration-head">
        <h1 id="series-title">{series?.name || "Series"}</h1>
        <LocalLink href={`/?page=${SERIES_LIST}`} className="button">
          All series
        </LocalLink>
        {series?.state === "recording" && (
          <button type="button" onClick={() => void finishSeries(id).then(refresh, setFailure)}>
            Finish
          </button>
        )}
      </div>
      {(error ?? failure) !== null && (
        <ProblemNote title="Not shown:">{messageOf(error ?? failure)}</ProblemNote>
      )}
      {series && <p role="status">{wordsOf(series)}</p>}
      {frame && (
        <>
          <DriftPlot frames={frames} at={frame.number} />
          <div className="series-slider">
            <label>
              <span>Frame</span>
              <input
                type="range"
                min={0}
                max={frames.length - 1}
                value={at}
                aria-valuetext={factsOf(frame)}
                onChange={(event) => setChosen(Number(event.currentTarget.value))}
              />
            </label>
            <label className="check">
              <input
                type="checkbox"
                checked={chosen === null}
                onChange={(event) => setChosen(event.currentTarget.checked ? null : at)}
              />
              <span>Newest</span>
            </label>
          </div>
          <div className="series-frame">
            <img
              src={`${series?.links.frames ?? ""}/${frame.number}/preview`}
              alt={`Frame ${frame.number}`}
            />
            <p className={frame.state === "fits" ? undefined : "series-flagged"}>{factsOf(frame)}</p>
          </div>
        </>
      )}
    </section>
  );
}

export function wordsOf({ state, frames, fitting, dropped }: Series): string {
  const others = frames - fitting - dropped;
  const parts = [others && `${others} without a fit`, dropped && `${dropped} dropped`].filter(Boolean);
  return [state, `${frames} ${frames === 1 ? "frame" : "frames"}`, ...parts].join(", ");
}

function factsOf({ number, state, reason, shift_px: shift, velocity_px_per_s: speed }: SeriesFrame): string {
  if (state !== "fits" || !shift) return `Frame ${number}: ${reason ?? state}`;
  const drift = speed ? `, drift ${Math.hypot(...speed).toFixed(2)} px/s` : "";
  return `Frame ${number}: x ${shift[0].toFixed(2)}, y ${shift[1].toFixed(2)} px${drift}`;
}
