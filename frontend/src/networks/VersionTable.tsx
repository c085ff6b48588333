import { when } from "../quantities";
import "./networks.css";
import { changesOf, heldOut, problemOf, stateOf, type Change, type Overview, type Version } from "./versions";

interface Props {
  overview: Overview;
  onChange: (version: Version, what: Change) => void;
}

/** One row for each version, newest first. */
export function VersionTable({ overview, onChange }: Props) {
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-labelledby="versions-title">
      <table className="figures versions">
        <caption id="versions-title">Versions</caption>
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col" className="words">
              State
            </th>
            <th scope="col">Labels</th>
            <th scope="col">Right of held-out labels</th>
            <th scope="col">In shadow mode</th>
            <th scope="col">Changed</th>
            <th scope="col">Actions</th>
          </tr>
        </thead>
        <tbody>
          {overview.versions.map((version) => (
            <tr key={version.id}>
              <th scope="row" title={version.weights_sha256 ?? undefined}>
                {version.id.slice(0, 8)}
              </th>
              <td className="words" data-label="State">
                {stateOf(version)}
                {problemOf(version) && <p className="hint">{problemOf(version)}</p>}
              </td>
              <td data-label="Labels">{version.label_count ?? "–"}</td>
              <td data-label="Right of held-out labels">{heldOut(version)}</td>
              <td data-label="In shadow mode">
                {version.id === overview.shadow?.id ? compared(overview.shadow.comparison) : "–"}
              </td>
              <td data-label="Changed">{when(version.changed_at)}</td>
              <td className="version-actions">
                {changesOf(version).map((what) => (
                  <button
                    key={what}
                    type="button"
                    className="button"
                    aria-label={`${TITLES[what]} ${version.id.slice(0, 8)}`}
                    onClick={() => onChange(version, what)}
                  >
                    {TITLES[what]}
                  </button>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {overview.versions.length === 0 && <p className="hint">No version yet.</p>}
    </div>
  );
}

const TITLES: Record<Change, string> = {
  promote: "Promote",
  shadow: "Shadow",
  retire: "Retire",
  cancel: "Cancel",
};

function compared({ jobs, agree }: { jobs: number; agree: number }): string {
  return `${agree} of ${jobs} agree`;
}
