import { useEffect, useState } from "react";
import { messageOf } from "../api/errors";
import type { RecentRegistrations } from "../api/useRecentRegistrations";
import { ProblemNote } from "../frame/ProblemNote";
import { ContactSheet } from "../review/ContactSheet";
import { adjustAddress, useAddress } from "../url";
import { RecentFilter } from "./RecentFilter";
import { RecentRow } from "./RecentRow";
import "./recent.css";

interface Props {
  recent: RecentRegistrations;
  open: string | null; // the registration that the page shows
}

const TYPING_MS = 250; // no query for each letter

/** The registrations that match the filter, newest first, as rows or as a contact sheet. */
export function RecentList({ recent, open }: Props) {
  const { value, error, filter, setFilter, more, refresh } = recent;
  const address = useAddress();
  const sheet = address.get("sheet") === "1" && open === null;
  const [search, setSearch] = useSearch(filter.search ?? "", (text) =>
    setFilter({ ...filter, search: text }),
  );
  const items = value?.items ?? [];
  const narrowed = Object.keys(filter).length > 0;
  return (
    <section className="recent" aria-labelledby="recent-title">
      <div className="recent-head">
        <h2 id="recent-title">{filter.batch_id ? "Registrations of this batch" : "Registrations"}</h2>
        <div className="recent-filter">
          <RecentFilter filter={filter} onFilter={setFilter} search={search} onSearch={setSearch} />
          {open === null && items.length > 0 && (
            <button type="button" onClick={() => adjustAddress({ sheet: sheet ? null : "1", item: null })}>
              {sheet ? "List" : "Review"}
            </button>
          )}
        </div>
      </div>
      {error !== null && <ProblemNote title="The list could not be read:">{messageOf(error)}</ProblemNote>}
      {value && items.length === 0 && <p className="hint">{narrowed ? "No matches." : "Nothing yet."}</p>}
      {sheet ? (
        <ContactSheet items={items} onChanged={refresh} />
      ) : (
        <ul>
          {items.map((item) => (
            <RecentRow key={item.id} registration={item} open={item.id === open} onChanged={refresh} />
          ))}
        </ul>
      )}
      {more && (
        <button type="button" className="quiet" onClick={more}>
          Show more
        </button>
      )}
    </section>
  );
}

/** The text of the search field, and a setter that searches when typing pauses. */
function useSearch(searched: string, onSearch: (text: string) => void): [string, (text: string) => void] {
  const [text, setText] = useState<string | null>(null); // null: nothing typed that was not searched
  useEffect(() => {
    if (text === null) return;
    const timer = window.setTimeout(() => {
      onSearch(text);
      setText(null);
    }, TYPING_MS);
    return () => window.clearTimeout(timer);
    // The timer starts anew with each letter only.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [text]);
  return [text ?? searched, setText];
}
