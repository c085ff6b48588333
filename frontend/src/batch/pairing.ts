import type { Image, PairOfImages } from "../api/types";
import { type Choice, isUndecided } from "../pair/choice";

/** The upload state of one file. */
export type BatchFile =
  | { state: "waiting"; key: number; file: File }
  | { state: "sending"; key: number; file: File; share: number }
  | { state: "refused"; key: number; file: File; message: string; retry: boolean }
  | { state: "ready"; key: number; file: File; image: Image; choice: Choice };

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
  const ready = new Map(files.flatMap((file) => (file.state === "ready" ? [[file.key, file]] : [])));
  return rows.map((row) => {
    const [fixed, moving] = [ready.get(row.fixed), ready.get(row.moving)];
    return {
      fixed_image_id: fixed?.image.id ?? "",
      fixed_channel: fixed?.choice.channel ?? null,
      fixed_frame: fixed?.choice.frame ?? null,
      moving_image_id: moving?.image.id ?? "",
      moving_channel: moving?.choice.channel ?? null,
      moving_frame: moving?.choice.frame ?? null,
    };
  });
}

/** What prevents submission, as text; null if nothing does. */
export function blockingReason(files: BatchFile[], rows: Row[]): string | null {
  if (rows.length === 0) return "Pair at least two files.";
  const used = new Set(rows.flatMap(({ fixed, moving }) => [fixed, moving]));
  const needed = files.filter(({ key }) => used.has(key));
  if (rows.some(({ fixed, moving }) => fixed === moving)) return "An image cannot be registered to itself.";
  if (needed.some(({ state }) => state === "refused")) return "Remove the pairs with a refused file.";
  const coming = needed.filter(({ state }) => state !== "ready").length;
  if (coming > 0) return `Uploading: ${coming} left.`;
  const undecided = needed.find((one) => one.state === "ready" && isUndecided(one.image, one.choice));
  return undecided ? `Choose an image of ${undecided.file.name}.` : null;
}
