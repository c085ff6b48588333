import type { Image, PairOfImages } from "../api/types";
import { type Choice, isUndecided, statedSpacing } from "../pair/choice";
import { type RoleWords, withoutWord } from "./roleWords";

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
  names: "By words in the names",
  neighbours: "Neighbours in name order",
  first: "All to the first in name order",
} as const;
export type PairingRule = keyof typeof PAIRING_RULES;

const byName = new Intl.Collator("en", { numeric: true }); // 2 before 10

export function inNameOrder(files: BatchFile[]): BatchFile[] {
  return files.toSorted((a, b) => byName.compare(a.file.name, b.file.name));
}

/** A file that belongs to no pair, and why. */
export interface Aside {
  key: number;
  reason: string;
}

export interface Pairing {
  rows: Row[];
  aside: Aside[];
}

/** Pair files by a rule; with `names` by two words, of which one is in the name of each file. */
export function pairingOf(files: BatchFile[], rule: PairingRule, words: RoleWords): Pairing {
  if (rule === "names") return pairByNames(files, words);
  const rows = pairFiles(files, rule);
  const used = new Set(rows.flatMap(({ fixed, moving }) => [fixed, moving]));
  const aside = files.filter(({ key }) => !used.has(key));
  return { rows, aside: aside.map(({ key }) => ({ key, reason: "no other file is left" })) };
}

/** Files that no pair has, with their reasons, after a change of the pairs by hand. */
export function asideOf(files: BatchFile[], rows: Row[], before: Aside[]): Aside[] {
  const used = new Set(rows.flatMap(({ fixed, moving }) => [fixed, moving]));
  const reasons = new Map(before.map(({ key, reason }) => [key, reason]));
  return files
    .filter(({ key }) => !used.has(key))
    .map(({ key }) => ({ key, reason: reasons.get(key) ?? "it was taken out of its pair" }));
}

/** The next two files for a pair of their own, of those set aside that can be read; null if there are none. */
export function spareFiles(files: BatchFile[], aside: Aside[], words: RoleWords): Row | null {
  const spare = files.filter(({ key, state }) => state !== "refused" && aside.some((one) => one.key === key));
  const fixed = spare.find(({ file }) => withoutWord(file.name, words.fixed) !== null) ?? spare[0];
  const moving = spare.find(({ key }) => key !== fixed?.key);
  return fixed && moving ? { fixed: fixed.key, moving: moving.key } : null;
}

function pairByNames(files: BatchFile[], words: RoleWords): Pairing {
  const sorted = inNameOrder(files);
  const fixed = new Map<string, number>(); // by what the names of a pair have in common
  const rows: Row[] = [];
  const aside: Aside[] = [];
  for (const { key, file } of sorted) {
    const common = withoutWord(file.name, words.fixed);
    if (common === null) continue;
    if (fixed.has(common)) aside.push({ key, reason: "another fixed image has the same name" });
    else fixed.set(common, key);
  }
  const paired = new Set<number>();
  for (const { key, file } of sorted) {
    if (withoutWord(file.name, words.fixed) !== null) continue;
    const common = withoutWord(file.name, words.moving);
    const partner = common === null ? undefined : fixed.get(common);
    if (common === null)
      aside.push({ key, reason: `its name has neither “${words.fixed}” nor “${words.moving}”` });
    else if (partner === undefined)
      aside.push({ key, reason: `no image with “${words.fixed}” has this name` });
    else {
      rows.push({ fixed: partner, moving: key });
      paired.add(partner);
    }
  }
  for (const key of fixed.values())
    if (!paired.has(key)) aside.push({ key, reason: `no image with “${words.moving}” has this name` });
  return { rows, aside };
}

export function pairFiles(files: BatchFile[], rule: PairingRule): Row[] {
  const keys = inNameOrder(files).map(({ key }) => key);
  const [first, ...others] = keys;
  if (first === undefined) return [];
  if (rule === "first") return others.map((moving) => ({ fixed: first, moving }));
  const rows: Row[] = [];
  for (let i = 0; i + 1 < keys.length; i += 2) rows.push({ fixed: keys[i]!, moving: keys[i + 1]! });
  return rows;
}

/** The pairs of files that were not refused. */
export function usableRows(files: BatchFile[], rows: Row[]): Row[] {
  const refused = new Set(files.filter(({ state }) => state === "refused").map(({ key }) => key));
  return rows.filter(({ fixed, moving }) => !refused.has(fixed) && !refused.has(moving));
}

/** The number of pairs whose files state the pixel sizes of both images. */
export function knownSpacings(files: BatchFile[], rows: Row[]): number {
  const known = new Set(
    files.flatMap((file) =>
      file.state === "ready" && statedSpacing(file.image, file.choice).um !== null ? [file.key] : [],
    ),
  );
  return rows.filter(({ fixed, moving }) => known.has(fixed) && known.has(moving)).length;
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
  if (rows.length === 0) return "Pair at least two files that can be read.";
  const used = new Set(rows.flatMap(({ fixed, moving }) => [fixed, moving]));
  const needed = files.filter(({ key }) => used.has(key));
  if (rows.some(({ fixed, moving }) => fixed === moving)) return "An image cannot be registered to itself.";
  const coming = needed.filter(({ state }) => state !== "ready").length;
  if (coming > 0) return `Uploading: ${coming} left.`;
  const undecided = needed.find((one) => one.state === "ready" && isUndecided(one.image, one.choice));
  return undecided ? `Choose an image of ${undecided.file.name}.` : null;
}
