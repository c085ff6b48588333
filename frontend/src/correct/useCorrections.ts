import { useCallback, useEffect, useState } from "react";
import { createCorrection, listCorrections } from "../api/client";
import { isAbort, messageOf } from "../api/errors";
import type { Correction, Matrix3, Registration } from "../api/types";

export interface SavedCorrections {
  items: Correction[]; // newest first
  problem: string | null;
  save: (matrix: Matrix3, note: string) => Promise<Correction | null>;
}

/** The saved corrections of a registration; saving adds one and overwrites none. */
export function useCorrections(registration: Registration): SavedCorrections {
  const { id } = registration;
  const [items, setItems] = useState<Correction[]>(() => appliedOne(registration)); // until the list is loaded
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

/** The correction that counts, as the result names it. */
function appliedOne({ id, result }: Registration): Correction[] {
  if (!result?.correction) return [];
  const { fixed_from_moving, moving_from_fixed, correction } = result;
  return [
    {
      id: correction.id ?? "",
      registration_id: id,
      fixed_from_moving,
      moving_from_fixed,
      note: correction.note,
      actor: correction.by,
      created_at: correction.at,
    },
  ];
}

/** Merge corrections that were saved while the list was loading. */
function merged(saved: Correction[], found: Correction[]): Correction[] {
  return [...saved.filter(({ id }) => found.every((other) => other.id !== id)), ...found];
}
