import type { Registration, Result } from "../api/types";
import { seconds, when } from "../quantities";

/** Network, engine and times of the result. */
export function Provenance({ registration, result }: { registration: Registration; result: Result }) {
  const { created_at, finished_at } = registration;
  const rows: [string, string][] = [
    ["Network", result.model.name],
    ["Weights", result.model.weights_sha256.slice(0, 12)],
    ["Engine", result.model.engine],
    ["Submitted", when(created_at)],
  ];
  if (finished_at) rows.push(["Took", seconds((Date.parse(finished_at) - Date.parse(created_at)) / 1000)]);
  return (
    <details className="provenance">
      <summary>Provenance</summary>
      <dl>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
