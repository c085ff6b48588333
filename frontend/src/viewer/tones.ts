/** The contrast of one image: what part of the grey values is spread over black to white, and how. */
export interface Tone {
  clip: number; // percent of the pixels that become black, and as many white
  gamma: number; // below 1 brightens
  invert: boolean;
}

export const PLAIN: Tone = { clip: 0, gamma: 1, invert: false };
export const MOST_CLIPPED = 20;

/** What the shader asks: lowest value, 1 / range, exponent, and 1 where black and white change places. */
export type ToneCurve = [low: number, gain: number, exponent: number, invert: number];

export function curveOf(tone: Tone, histogram: Histogram): ToneCurve {
  const [low, high] = tone.clip === 0 ? [0, 255] : clipped(histogram, tone.clip / 100);
  return [low / 255, 255 / Math.max(high - low, 1), tone.gamma, tone.invert ? 1 : 0];
}

export type Histogram = Uint32Array; // pixels per grey level, 256 of them

const COUNTED = 256; // px: the longest side of what is counted

export function histogramOf(preview: HTMLImageElement): Histogram {
  const factor = Math.min(1, COUNTED / Math.max(preview.naturalWidth, preview.naturalHeight));
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

function clipped(histogram: Histogram, share: number): [number, number] {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  const level = (count: number) => {
    let below = 0;
    return Math.max(histogram.findIndex((here) => (below += here) > count), 0);
  };
  return [level(share * total), level((1 - share) * total)];
}

export function toneText({ clip, gamma, invert }: Tone): string | null {
  if (clip === PLAIN.clip && gamma === PLAIN.gamma && !invert) return null;
  return [clip, gamma, invert ? 1 : 0].join(",");
}

export function readTone(text: string | null): Tone {
  const [clip, gamma, invert] = (text ?? "").split(",").map(Number);
  if (!Number.isFinite(clip) || !Number.isFinite(gamma)) return PLAIN;
  return {
    clip: Math.min(Math.max(clip ?? 0, 0), MOST_CLIPPED),
    gamma: Math.min(Math.max(gamma ?? 1, 0.1), 10),
    invert: invert === 1,
  };
}
