import type { Image, PairOfImages } from "../api/types";

/** The upload state of one file. */
export type BatchFile =
  | { state: "waiting"; key: number; file: File }
  | { state: "sending"; key: number; file: File; share: number }
  | { state: "refused"; key: number; file: File; message: string }
  | { state: "ready"; key: number; file: File; image: Image };

/** A pair of files, by their keys. */
export interface Row {
  fixed: number;
  moving: number;
}

export const PAIRING_RULES = {
  neighbours: "Neighbours in name order",
  first: "All to the first in name order",
} as const;
export type PairingRule = keyof typeof PAIRING_RULES;

const byName = new Intl.Collator("en", { numeric: true }); // 2 before 10

export function pairFiles(files: BatchFile[], rule: PairingRule): Row[] {
  const keys = files.toSorted((a, b) => byName.compare(a.file.name, b.file.name)).map(({ key }) => key);
  const [first, ...others] = keys;
  if (first === undefined) return [];
  if (rule === "first") return others.map((moving) => ({ fixed: first, moving }));
  const rows: Row[] = [];
  for (let i = 0; i + 1 < keys.length; i += 2) rows.push({ fixed: keys[i]!, moving: keys[i + 1]! });
  return rows;
}

/** The request body; call it only when `blockingReason` is null. */
export function pairsOf(files: BatchFile[], rows: Row[]): PairOfImages[] {
  const ids = new Map(files.flatMap((file) => (file.state === "ready" ? [[file.key, file.image.id]] : [])));
  return rows.map(({ fixed, moving }) => ({
    fixed_image_id: ids.get(fixed) ?? "",
    moving_image_id: ids.get(moving) ?? "",
  }));
}

/** What prevents submission, as text; null if nothing does. */
export function blockingReason(files: BatchFile[], rows: Row[]): string | null {
  if (rows.length === 0) return "Pair at least two files.";
  const used = new Set(rows.flatMap(({ fixed, moving }) => [fixed, moving]));
  const needed = files.filter(({ key }) => used.has(key));
  if (rows.some(({ fixed, moving }) => fixed === moving)) return "An image cannot be registered to itself.";
  if (needed.some(({ state }) => state === "refused")) return "Remove the pairs with a refused file.";
  const coming = needed.filter(({ state }) => state !== "ready").length;
  return coming > 0 ? `Uploading: ${coming} left.` : null;
}
