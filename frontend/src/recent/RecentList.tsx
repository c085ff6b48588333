import { useState } from "react";
import { messageOf } from "../api/errors";
import type { Registration } from "../api/types";
import type { RecentRegistrations } from "../api/useRecentRegistrations";
import { ProblemNote } from "../frame/ProblemNote";
import { BatchNote } from "./BatchNote";
import { RecentFilter } from "./RecentFilter";
import { RecentRow } from "./RecentRow";
import "./recent.css";

interface Props {
  recent: RecentRegistrations;
  open: string | null; // the registration that the page shows
}

/** All registrations, newest first, updated automatically. */
export function RecentList({ recent, open }: Props) {
  const { value, error, filter, setFilter, more, refresh } = recent;
  const [search, setSearch] = useState("");
  const items = value?.items.filter((item) => isNamed(item, search)) ?? [];
  const narrowed = search !== "" || Object.keys(filter).length > 0;
  return (
    <section className="recent" aria-labelledby="recent-title">
      <div className="recent-head">
        <h2 id="recent-title">Registrations</h2>
        <RecentFilter filter={filter} onFilter={setFilter} search={search} onSearch={setSearch} />
      </div>
      {filter.batch_id && <BatchNote id={filter.batch_id} onAll={() => setFilter({})} />}
      {error !== null && <ProblemNote title="The list could not be read:">{messageOf(error)}</ProblemNote>}
      {value && items.length === 0 && <p className="hint">{narrowed ? "No matches." : "Nothing yet."}</p>}
      <ul>
        {items.map((item) => (
          <RecentRow key={item.id} registration={item} open={item.id === open} onChanged={refresh} />
        ))}
      </ul>
      {more && (
        <button type="button" className="quiet" onClick={more}>
          Show more
        </button>
      )}
    </section>
  );
}

function isNamed({ fixed_name, moving_name }: Registration, search: string): boolean {
  const words = search.toLowerCase().split(/\s+/);
  return words.every((word) => `${moving_name} ${fixed_name}`.toLowerCase().includes(word));
}
