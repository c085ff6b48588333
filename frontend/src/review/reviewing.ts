import type { NewReview, Registration, Verdict } from "../api/types";

export type Decision = NewReview["decision"];
export type Decisions = ReadonlyMap<string, Decision>; // of this visit, by registration

/** Decisions by their keys. */
export const ACTIONS = [
  ["a", "Accept"],
  ["c", "Correct"],
  ["r", "Reject"],
  ["u", "Undo"],
] as const;

const RANK: Record<Verdict, number> = { review: 0, refuse: 1, accept: 2, corrected: 3 };
const WITHOUT_RESULT = 4;

/** The doubtful results first, those without a result last; otherwise the order of the list. */
export function byVerdict(items: Registration[]): Registration[] {
  const rank = ({ result, prediction }: Registration) => {
    const verdict = (prediction ?? result)?.verdict;
    return verdict === undefined ? WITHOUT_RESULT : RANK[verdict];
  };
  return items.toSorted((a, b) => rank(a) - rank(b));
}

/** What a person decided on a result: a correction is a decision too; null: nothing yet. */
export function decisionOf(
  registration: Registration,
  decided: Decisions,
): "accept" | "reject" | "corrected" | null {
  const { id, review, result } = registration;
  const decision = decided.get(id) ?? review?.decision;
  if (decision === "accept" || decision === "reject") return decision;
  return result?.verdict === "corrected" ? "corrected" : null;
}

/** The next result without a decision, from `at` on and then from the start; `at` if all are decided. */
export function nextUndecided(order: Registration[], at: number, decided: Decisions): number {
  for (let step = 1; step <= order.length; step++) {
    const index = (at + step) % order.length;
    const one = order[index];
    if (one?.result && decisionOf(one, decided) === null) return index;
  }
  return at;
}

/** The index after a key that moves, or null. */
export function movedBy(key: string, at: number, count: number, columns: number): number | null {
  const steps: Record<string, number> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    Home: -count,
    End: count,
  };
  const step = steps[key];
  return step === undefined ? null : Math.min(Math.max(at + step, 0), count - 1);
}
