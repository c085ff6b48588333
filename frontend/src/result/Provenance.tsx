import type { Registration, Result, Service } from "../api/types";
import { useService } from "../api/useService";
import { seconds, when } from "../quantities";

/** Network, engine and times of the result. */
export function Provenance({ registration, result }: { registration: Registration; result: Result }) {
  const { created_at, finished_at } = registration;
  const service = useService();
  const rows: [string, string][] = [
    ["Network", result.model.name],
    ["Weights", result.model.weights_sha256.slice(0, 12)],
    ["Engine", result.model.engine],
    ["Submitted", when(created_at)],
  ];
  if (finished_at) rows.push(["Took", seconds((Date.parse(finished_at) - Date.parse(created_at)) / 1000)]);
  rows.push(...certificateRows(service, result.model.name));
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

/** Of each group of pairs with a right answer: how many accepted results were wrong on specimens kept apart. */
function certificateRows(service: Service | null, name: string): [string, string][] {
  const network = service?.networks.find((each) => each.name === name);
  const groups = Object.entries(network?.certificate?.groups ?? {}).filter(([, group]) => group.right > 0);
  return groups.map(([kind, group]) => [
    `Accepted, ${kind}`,
    `${group.accepted_wrong} of ${group.accepted} wrong; at most ${(100 * group.wrong_upper_bound).toFixed(1)} % (95 % confidence)`,
  ]);
}
