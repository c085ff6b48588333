/** The contrast of one image: which range of grey values is mapped to black to white, and how. */
export interface Tone {
  clip: number; // percent of the pixels clipped to black, and the same to white
  gamma: number; // below 1 brightens
  invert: boolean;
}

export const DEFAULT_TONE: Tone = { clip: 0, gamma: 1, invert: false };
export const MAX_CLIP = 20;

/** The shader's tone curve: lowest value, 1 / range, exponent, 1 to invert. */
export type ToneCurve = [low: number, gain: number, exponent: number, invert: number];

export function curveOf(tone: Tone, histogram: Histogram): ToneCurve {
  const [low, high] = tone.clip === 0 ? [0, 255] : clipLevels(histogram, tone.clip / 100);
  return [low / 255, 255 / Math.max(high - low, 1), tone.gamma, tone.invert ? 1 : 0];
}

export type Histogram = Uint32Array; // pixel counts of 256 grey levels

const HISTOGRAM_SIZE = 256; // px, longest side of the image that is counted

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

function clipLevels(histogram: Histogram, share: number): [number, number] {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  const level = (count: number) => {
    let below = 0;
    return Math.max(
      histogram.findIndex((here) => (below += here) > count),
      0,
    );
  };
  return [level(share * total), level((1 - share) * total)];
}

export function toneText({ clip, gamma, invert }: Tone): string | null {
  if (clip === DEFAULT_TONE.clip && gamma === DEFAULT_TONE.gamma && !invert) return null;
  return [clip, gamma, invert ? 1 : 0].join(",");
}

export function readTone(text: string | null): Tone {
  const [clip, gamma, invert] = (text ?? "").split(",").map(Number);
  if (!Number.isFinite(clip) || !Number.isFinite(gamma)) return DEFAULT_TONE;
  return {
    clip: Math.min(Math.max(clip ?? 0, 0), MAX_CLIP),
    gamma: Math.min(Math.max(gamma ?? 1, 0.1), 10),
    invert: invert === 1,
  };
}
