import { useCallback } from "react";
import { listSeries } from "../api/client";
import { messageOf } from "../api/errors";
import type { RegistrationEvent } from "../api/events";
import { useEvents } from "../api/useEvents";
import { usePolling } from "../api/usePolling";
import { LocalLink } from "../frame/LocalLink";
import { ProblemNote } from "../frame/ProblemNote";
import { useTitle } from "../frame/useTitle";
import { seriesHref } from "../url";
import { wordsOf } from "./SeriesView";
import "./series.css";

const INTERVAL_MS = 10_000;

/** The newest series. */
export function SeriesList() {
  const { value, error, refresh } = usePolling(listSeries, interval);
  useEvents(
    useCallback((event: RegistrationEvent) => event.series_id !== undefined, []),
    refresh,
  );
  useTitle("Series");
  return (
    <section className="series" aria-labelledby="series-title">
      <h1 id="series-title">Series</h1>
      {error !== null && <ProblemNote title="The list could not be read:">{messageOf(error)}</ProblemNote>}
      {value?.items.length === 0 && (
        <p className="hint">
          Nothing yet. An instrument creates a series and appends frames through the API.
        </p>
      )}
      <ul className="series-list">
        {value?.items.map((series) => (
          <li key={series.id}>
            <LocalLink href={seriesHref(series.id)}>{series.name || series.created_at}</LocalLink>
            <span className="hint">{wordsOf(series)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

const interval = () => INTERVAL_MS;
