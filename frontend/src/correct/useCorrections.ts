import { useCallback, useEffect, useState } from "react";
import { correct, listCorrections } from "../api/client";
import { isAbort, messageOf } from "../api/problems";
import type { Correction, Matrix3 } from "../api/types";

export interface CorrectionsKept {
  items: Correction[]; // the newest first
  problem: string | null;
  save: (matrix: Matrix3, note: string) => Promise<Correction | null>;
}

/** What was set by hand beside a prediction; nothing of it is ever overwritten. */
export function useCorrections(id: string): CorrectionsKept {
  const [items, setItems] = useState<Correction[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    listCorrections(id, abort.signal).then(
      (found) => setItems((saved) => merged(saved, found.items.toReversed())),
      (error) => isAbort(error) || setProblem(messageOf(error)),
    );
    return () => abort.abort();
  }, [id]);
  const save = useCallback(
    async (matrix: Matrix3, note: string) => {
      setProblem(null);
      try {
        const kept = await correct(id, { fixed_from_moving: matrix, note: note.trim() || null });
        setItems((others) => [kept, ...others]);
        return kept;
      } catch (error) {
        setProblem(messageOf(error));
        return null;
      }
    },
    [id],
  );
  return { items, problem, save };
}

/** What was saved while the list was still to come may be missing in it. */
function merged(saved: Correction[], found: Correction[]): Correction[] {
  return [...saved.filter(({ id }) => found.every((other) => other.id !== id)), ...found];
}
