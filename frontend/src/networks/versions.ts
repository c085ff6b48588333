import { send } from "../api/client";
import type { components } from "../api/schema";

export type Version = components["schemas"]["NetworkVersion"];
export type Compared = components["schemas"]["ComparedVersion"];
type Page = components["schemas"]["NetworkPage"];
type LabelCollection = components["schemas"]["LabelCollection"];

export interface Overview {
  versions: Version[];
  shadow: Compared | null; // with its comparison
  collects: boolean;
}

/** The versions of the instrument's network, and what its version in shadow mode has answered. */
export async function load(signal: AbortSignal): Promise<Overview> {
  const [page, labels] = await Promise.all([
    send<Page>("GET", "/networks", { signal }),
    send<LabelCollection>("GET", "/labels/collection", { signal }),
  ]);
  const found = page.items.find((version) => version.state === "shadow");
  const shadow = found ? await send<Compared>("GET", `/networks/${found.id}`, { signal }) : null;
  return { versions: page.items, shadow, collects: labels.enabled };
}

export type Change = "promote" | "shadow" | "retire" | "cancel";

/** What can be done with a version in its present state. */
export function changesOf(version: Version): Change[] {
  switch (version.state) {
    case "candidate":
      return ["promote", "shadow", "retire"];
    case "shadow":
      return ["promote", "retire"];
    case "retired":
      return ["promote", "shadow"];
    case "queued":
    case "running":
      return ["cancel"];
    default:
      return [];
  }
}

export function change(version: Version, what: Change): Promise<Version> {
  const path = `/networks/${version.id}`;
  return what === "cancel" ? send("DELETE", path) : send("POST", `${path}/${what}`);
}

export function adapt(): Promise<Version> {
  return send("POST", "/networks", { body: {} });
}

export function rollBack(): Promise<unknown> {
  return send("POST", "/networks/rollback");
}

export function setCollection(enabled: boolean): Promise<unknown> {
  return send("PUT", "/labels/collection", { body: { enabled } });
}

/** Right of all held-out labels, of the parent and of the version: "12 → 17 of 20". */
export function heldOut(version: Version): string {
  const scores = version.scores?.held_out as Partial<Record<"parent" | "candidate", unknown>> | undefined;
  const [before, after] = [scores?.parent, scores?.candidate].map(counts);
  return before && after ? `${before.right} → ${after.right} of ${after.pairs}` : "–";
}

function counts(score: unknown): { right: number; pairs: number } | null {
  if (typeof score !== "object" || score === null || !("right" in score) || !("pairs" in score)) return null;
  return { right: Number(score.right), pairs: Number(score.pairs) };
}

/** Why a version failed or is not acceptable, where that is so. */
export function problemOf(version: Version): string | null {
  if (version.state === "failed") return version.message;
  return version.acceptable === false ? (version.reasons ?? []).join("; ") : null;
}

/** The state of a version, with the progress of an adaptation or the reason of its failure. */
export function stateOf(version: Version): string {
  if (version.state === "running") return `running, ${Math.round(100 * version.progress)} %`;
  return version.state;
}
