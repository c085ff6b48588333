import type { Image, PairOfImages } from "../api/types";

/** A chosen file on its way to the service. */
export type Sent =
  | { state: "waiting"; key: number; file: File }
  | { state: "sending"; key: number; file: File; share: number }
  | { state: "refused"; key: number; file: File; message: string }
  | { state: "ready"; key: number; file: File; image: Image };

/** Which file is brought onto which, by their keys. */
export interface Row {
  fixed: number;
  moving: number;
}

export const ARRANGEMENTS = {
  neighbours: "Each two neighbours by name",
  first: "All onto the first by name",
} as const;
export type Arrangement = keyof typeof ARRANGEMENTS;

const byName = new Intl.Collator("en", { numeric: true }); // 2 before 10

export function arranged(files: Sent[], arrangement: Arrangement): Row[] {
  const keys = files.toSorted((a, b) => byName.compare(a.file.name, b.file.name)).map(({ key }) => key);
  const [first, ...others] = keys;
  if (first === undefined) return [];
  if (arrangement === "first") return others.map((moving) => ({ fixed: first, moving }));
  const rows: Row[] = [];
  for (let i = 0; i + 1 < keys.length; i += 2) rows.push({ fixed: keys[i]!, moving: keys[i + 1]! });
  return rows;
}

/** What the service is told; to be called once nothing is in the way. */
export function pairsOf(files: Sent[], rows: Row[]): PairOfImages[] {
  const ids = new Map(files.flatMap((file) => (file.state === "ready" ? [[file.key, file.image.id]] : [])));
  return rows.map(({ fixed, moving }) => ({ fixed_image_id: ids.get(fixed) ?? "", moving_image_id: ids.get(moving) ?? "" }));
}

/** What is still in the way of submitting, in words; null where nothing is. */
export function hindrance(files: Sent[], rows: Row[]): string | null {
  if (rows.length === 0) return "Pair at least two files.";
  const used = new Set(rows.flatMap(({ fixed, moving }) => [fixed, moving]));
  const needed = files.filter(({ key }) => used.has(key));
  if (rows.some(({ fixed, moving }) => fixed === moving)) return "An image cannot be brought onto itself.";
  if (needed.some(({ state }) => state === "refused")) return "Remove the pairs with a refused file.";
  const coming = needed.filter(({ state }) => state !== "ready").length;
  return coming > 0 ? `Uploading: ${coming} to go.` : null;
}
