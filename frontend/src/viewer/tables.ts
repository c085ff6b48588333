/** Lookup tables for one image: colours at even distances from black to white level. */
export const TABLES = {
  grey: ["Grey", "000000.ffffff"],
  viridis: ["Viridis", "440154.482878.3e4a89.31688e.26838f.1f9d8a.36b779.6dce59.b5de2b.fde725"],
  inferno: ["Inferno", "000004.1b0c42.4b0c6b.781c6d.a52c60.cf4446.ed6925.fb9a06.f7d03c.fcffa4"],
  cividis: ["Cividis", "00224e.1a386f.434e6c.61646f.7d7c78.9b9476.bcae6c.dec958.fee838"],
  fire: ["Fire", "000000.0000a0.7a00c0.d02060.ff6000.ffb000.ffff40.ffffff"],
} as const;
export type TableKey = keyof typeof TABLES;

/** Colours of an image in the overlay of two colours. */
export const COLOURS = {
  magenta: [1, 0, 1],
  green: [0, 1, 0],
  red: [1, 0, 0],
  cyan: [0, 1, 1],
  yellow: [1, 1, 0],
  blue: [0.2, 0.4, 1],
  orange: [1, 0.55, 0],
  white: [1, 1, 1],
} as const;
export type ColourKey = keyof typeof COLOURS;

export function tableKey(text: string | undefined): TableKey | null {
  return text !== undefined && Object.hasOwn(TABLES, text) ? (text as TableKey) : null;
}

export function colourKey(text: string | undefined): ColourKey | null {
  return text !== undefined && Object.hasOwn(COLOURS, text) ? (text as ColourKey) : null;
}

/** The colours of a table at 256 levels, RGBA. */
export function tableOf(key: TableKey): Uint8Array {
  const digits = TABLES[key][1].replaceAll(".", "");
  const stops = digits.match(/../g)!.map((pair) => Number.parseInt(pair, 16));
  const last = stops.length / 3 - 1;
  return Uint8Array.from({ length: 1024 }, (_, index) => {
    const [level, part] = [index >> 2, index & 3];
    if (part === 3) return 255;
    const at = (level / 255) * last;
    const below = Math.min(Math.floor(at), last - 1);
    const [one, next] = [stops[3 * below + part]!, stops[3 * below + part + 3]!];
    return Math.round(one + (next - one) * (at - below));
  });
}
