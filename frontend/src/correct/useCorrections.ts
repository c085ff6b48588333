import { useCallback, useEffect, useState } from "react";
import { createCorrection, listCorrections } from "../api/client";
import { isAbort, messageOf } from "../api/errors";
import type { Correction, Matrix3 } from "../api/types";

export interface SavedCorrections {
  items: Correction[]; // newest first
  problem: string | null;
  save: (matrix: Matrix3, note: string) => Promise<Correction | null>;
}

/** The saved corrections of a registration; saving adds one and overwrites none. */
export function useCorrections(id: string): SavedCorrections {
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
        const added = await createCorrection(id, { fixed_from_moving: matrix, note: note.trim() || null });
        setItems((others) => [added, ...others]);
        return added;
      } catch (error) {
        setProblem(messageOf(error));
        return null;
      }
    },
    [id],
  );
  return { items, problem, save };
}

/** Merge corrections that were saved while the list was loading. */
function merged(saved: Correction[], found: Correction[]): Correction[] {
  return [...saved.filter(({ id }) => found.every((other) => other.id !== id)), ...found];
}
