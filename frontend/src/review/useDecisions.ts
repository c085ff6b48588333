import { useState } from "react";
import { createReview } from "../api/client";
import { messageOf } from "../api/errors";
import type { Registration } from "../api/types";
import type { Decision, Decisions } from "./reviewing";

/** Decisions, shown at once and saved one after the other; one that cannot be saved is taken back. */
export function useDecisions(onSaved: () => void): {
  decided: Decisions;
  decide: (registration: Registration, decision: Decision) => Decisions;
  problem: string | null;
} {
  const [decided, setDecided] = useState<Decisions>(new Map());
  const [problem, setProblem] = useState<string | null>(null);
  const [queue] = useState(() => ({ last: Promise.resolve(), left: 0 }));

  function decide({ id }: Registration, decision: Decision): Decisions {
    const now = new Map(decided).set(id, decision);
    setDecided(now);
    setProblem(null);
    queue.left += 1;
    queue.last = queue.last.then(async () => {
      try {
        await createReview(id, { decision });
      } catch (error) {
        setProblem(messageOf(error));
        setDecided((all) => new Map([...all].filter(([other]) => other !== id)));
      }
      queue.left -= 1;
      if (queue.left === 0) onSaved(); // not after each of many: the list is long
    });
    return now;
  }

  return { decided, decide, problem };
}
