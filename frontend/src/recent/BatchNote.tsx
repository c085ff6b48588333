import { Icon } from "../frame/Icon";

/** What was submitted together, and the ZIP of its results. */
export function BatchNote({ id, onAll }: { id: string; onAll: () => void }) {
  return (
    <p className="batch-note">
      <span>Only what was submitted together.</span>
      <a href={`/api/v1/batches/${id}/results`} download>
        <Icon name="download" /> All results (ZIP with a CSV)
      </a>
      <button type="button" className="link" onClick={onAll}>
        Show all
      </button>
    </p>
  );
}
