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
  for (const role of ["fixed", "moving"] as const) {
    if (result[role].selected) rows.unshift([`Image in ${result[role].name}`, result[role].selected]);
  }
  if (finished_at) rows.push(["Took", seconds((Date.parse(finished_at) - Date.parse(created_at)) / 1000)]);
  rows.push(...certificateRows(service, result.model.name));
  return (
    <section className="provenance" aria-labelledby="provenance-title">
      <h2 id="provenance-title">Provenance</h2>
      <dl>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

const WHOLE_KIND = ", all";

/** For one and for two modalities: how many accepted results were wrong on held-out specimens, 95 % bound. */
function certificateRows(service: Service | null, name: string): [string, string][] {
  const network = service?.networks.find((each) => each.name === name);
  const groups = Object.entries(network?.certificate?.groups ?? {}).filter(([kind]) =>
    kind.endsWith(WHOLE_KIND),
  );
  return groups.map(([kind, group]) => [
    `Certificate, ${kind.slice(0, -WHOLE_KIND.length)}`,
    `${group.accepted_wrong} of ${group.accepted} wrong (≤ ${(100 * group.wrong_upper_bound).toFixed(1)} %)`,
  ]);
}
