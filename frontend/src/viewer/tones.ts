import type { Role } from "../frame/RoleName";
import { type ColourKey, type TableKey, colourKey, tableKey } from "./tables";

/** How one image is shown: which range of grey values is mapped to black to white, and in which colours. */
export interface Tone {
  low: number; // grey level of the preview, 0 to 255, that is shown black
  high: number; // that is shown white
  gamma: number; // below 1 brightens
  invert: boolean;
  table: TableKey; // colours of one image alone
  colour: ColourKey; // in the overlay of two colours
}

const PLAIN = { low: 0, high: 255, gamma: 1, invert: false, table: "grey" } as const;

export const DEFAULT_TONES: Record<Role, Tone> = {
  fixed: { ...PLAIN, colour: "magenta" },
  moving: { ...PLAIN, colour: "green" },
};

/** The shader's tone curve: lowest value, 1 / range, exponent, 1 to invert. */
export type ToneCurve = [low: number, gain: number, exponent: number, invert: number];

export function curveOf({ low, high, gamma, invert }: Tone): ToneCurve {
  return [low / 255, 255 / Math.max(high - low, 1), gamma, invert ? 1 : 0];
}

export type Histogram = Uint32Array; // pixel counts of 256 grey levels

const HISTOGRAM_SIZE = 256; // px, longest side of the image that is counted
const SATURATED = 0.0035; // of the pixels at either end, as the automatic contrast of ImageJ

export function histogramOf(preview: HTMLImageElement): Histogram {
  const factor = Math.min(1, HISTOGRAM_SIZE / Math.max(preview.naturalWidth, preview.naturalHeight));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(preview.naturalWidth * factor));
  canvas.height = Math.max(1, Math.round(preview.naturalHeight * factor));
  const counts = new Uint32Array(256);
  const context = canvas.getContext("2d");
  if (!context) return counts;
  context.drawImage(preview, 0, 0, canvas.width, canvas.height);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  for (let i = 0; i < data.length; i += 4) counts[data[i] ?? 0]! += 1;
  return counts;
}

type Limits = Pick<Tone, "low" | "high">;

/** The limits that saturate a small share of the pixels. */
export function automatic(histogram: Histogram): Limits {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  const level = (count: number) => {
    let below = 0;
    return Math.max(
      histogram.findIndex((here) => (below += here) > count),
      0,
    );
  };
  return limits({ low: level(SATURATED * total), high: level((1 - SATURATED) * total) }, "high");
}

/** Limits within 0 to 255, at least a level apart; the one that is set stays where it is set. */
export function limits({ low, high }: Limits, set: keyof Limits): Limits {
  const inside = (value: number, least: number) => Math.min(Math.max(Math.round(value), least), 254 + least);
  if (set === "low") return { low: inside(low, 0), high: Math.max(inside(high, 1), inside(low, 0) + 1) };
  return { low: Math.min(inside(low, 0), inside(high, 1) - 1), high: inside(high, 1) };
}

export function toneText({ low, high, gamma, invert, table, colour }: Tone, role: Role): string | null {
  const text = [low, high, gamma, invert ? 1 : 0, table, colour].join(",");
  const { colour: usual } = DEFAULT_TONES[role];
  return text === [0, 255, 1, 0, "grey", usual].join(",") ? null : text;
}

export function readTone(text: string | null, role: Role): Tone {
  const usual = DEFAULT_TONES[role];
  const [low, high, gamma, invert, table, colour] = (text ?? "").split(",");
  const numbers = [low, high, gamma].map(Number);
  if (text === null || !numbers.every(Number.isFinite)) return usual;
  const [black, white, exponent] = numbers as [number, number, number];
  return {
    ...limits({ low: black, high: white }, "low"),
    gamma: Math.min(Math.max(exponent, 0.1), 10),
    invert: invert === "1",
    table: tableKey(table) ?? usual.table,
    colour: colourKey(colour) ?? usual.colour,
  };
}
