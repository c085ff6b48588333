import type { Filter } from "../api/useRecentRegistrations";
import "../tags/tags.css";

interface Props {
  filter: Filter;
  onFilter: (filter: Filter) => void;
  search: string;
  onSearch: (text: string) => void;
}

/** Filters by state or verdict; each is one query to the service. */
const CHOICES: [name: string, filter: Filter][] = [
  ["All", {}],
  ["Accepted", { verdict: "accept" }],
  ["To be reviewed", { verdict: "review" }],
  ["Refused", { verdict: "refuse" }],
  ["Corrected by hand", { verdict: "corrected" }],
  ["Queued", { state: "queued" }],
  ["Running", { state: "running" }],
  ["Failed", { state: "failed" }],
  ["Cancelled", { state: "cancelled" }],
];

export function RecentFilter({ filter, onFilter, search, onSearch }: Props) {
  const at = CHOICES.findIndex(
    ([, { state, verdict }]) => state === filter.state && verdict === filter.verdict,
  );
  const choose = (index: number) => {
    const { batch_id, search, tag } = filter;
    const kept = { ...(batch_id && { batch_id }), ...(search && { search }), ...(tag && { tag }) };
    onFilter({ ...CHOICES[index]?.[1], ...kept });
  };
  const { tag, ...withoutTag } = filter;
  return (
    <>
      {tag && (
        <span className="tag tag-filter">
          <span className="tag-link">{tag}</span>
          <button
            type="button"
            className="tag-remove"
            aria-label={`Do not filter by the tag ${tag}`}
            onClick={() => onFilter(withoutTag)}
          >
            ×
          </button>
        </span>
      )}
      <input
        type="search"
        value={search}
        placeholder="Search by name"
        aria-label="Search by name"
        onChange={(event) => onSearch(event.currentTarget.value)}
      />
      <select
        value={at}
        aria-label="Which registrations"
        onChange={(event) => choose(Number(event.currentTarget.value))}
      >
        {CHOICES.map(([name], index) => (
          <option key={name} value={index}>
            {name}
          </option>
        ))}
      </select>
    </>
  );
}
