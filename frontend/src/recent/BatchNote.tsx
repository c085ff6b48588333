import { Icon } from "../frame/Icon";

/** States that the list shows one batch, with a link to its results. */
export function BatchNote({ id, onAll }: { id: string; onAll: () => void }) {
  return (
    <p className="batch-note">
      <span>Only the registrations of this batch.</span>
      <a href={`/api/v1/batches/${id}/results`} download>
        <Icon name="download" /> All results (ZIP with a CSV)
      </a>
      <button type="button" className="link" onClick={onAll}>
        Show all
      </button>
    </p>
  );
}
