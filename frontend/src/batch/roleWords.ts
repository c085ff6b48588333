/** The words of file names that tell fixed from moving images. */
export interface RoleWords {
  fixed: string;
  moving: string;
}

const USUAL: RoleWords = { fixed: "fixed", moving: "moving" };
const OF_MOVING = ["moving", "xrf", "xray", "eds", "edx", "map", "light", "lm", "fluo"];
const SEPARATOR = /[ _.\-+]+/;

/** The parts of a file name, without its suffix and in small letters. */
function partsOf(name: string): string[] {
  return name
    .toLowerCase()
    .replace(/(\.ome)?\.[^.]+$/, "")
    .split(SEPARATOR);
}

/** What is left of a name without one of its words; null where it has no such word. */
export function withoutWord(name: string, word: string): string | null {
  const parts = partsOf(name);
  const at = parts.indexOf(word.trim().toLowerCase());
  return word.trim() === "" || at < 0 ? null : parts.toSpliced(at, 1).join("_");
}

/** The two words in which most names differ from one other name; null where there are none. */
export function guessWords(names: string[]): RoleWords | null {
  if (pairCount(names, USUAL) > 0) return USUAL;
  const variants = new Map<string, Set<string>>(); // words at one place of otherwise equal names
  for (const parts of names.map(partsOf)) {
    for (const [at, word] of parts.entries()) {
      if (/^\d*$/.test(word)) continue; // numbers tell pairs apart
      const frame = parts.toSpliced(at, 1, "*").join("_");
      variants.set(frame, (variants.get(frame) ?? new Set()).add(word));
    }
  }
  const counts = new Map<string, number>();
  for (const words of variants.values()) {
    if (words.size !== 2) continue;
    const pair = [...words].toSorted().join(" ");
    counts.set(pair, (counts.get(pair) ?? 0) + 1);
  }
  const [best] = [...counts].toSorted((a, b) => b[1] - a[1]);
  const [one, other] = best?.[0].split(" ") ?? [];
  if (one === undefined || other === undefined) return null;
  const turned = OF_MOVING.includes(one) && !OF_MOVING.includes(other);
  return turned ? { fixed: other, moving: one } : { fixed: one, moving: other };
}

function pairCount(names: string[], { fixed, moving }: RoleWords): number {
  const all = new Set(names.map((name) => withoutWord(name, fixed)));
  return names.filter((name) => {
    const common = withoutWord(name, moving);
    return common !== null && all.has(common);
  }).length;
}

/** Two files in the order fixed, moving, as far as their names tell. */
export function inRoles(files: File[]): File[] {
  const words = guessWords(files.map(({ name }) => name));
  const [one, other] = files;
  if (!words || !one || !other) return files;
  return withoutWord(one.name, words.fixed) === null ? [other, one] : [one, other];
}
