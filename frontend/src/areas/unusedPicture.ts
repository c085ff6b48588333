import type { Size } from "../viewer/geometry";

export const LONGEST_PX = 1024; // of the picture
const [PERIOD_PX, STRIPE_PX] = [16, 4]; // of the hatching, in px of the picture

export type Colour = readonly [red: number, green: number, blue: number];

/** RGBA values of a picture that is hatched where an image was not used and clear where it was. */
export interface UnusedPicture extends Size {
  data: Uint8ClampedArray<ArrayBuffer>;
}

/** The picture of run lengths (used and unused pixels in turn, row after row); narrow parts stay visible. */
export function unusedPicture(runs: number[], image: Size, colour: Colour): UnusedPicture {
  const scale = LONGEST_PX / Math.max(image.width, image.height);
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  const data = new Uint8ClampedArray(width * height * 4);
  const [across, down] = [width / image.width, height / image.height];
  for (const [left, top, right, bottom] of unusedRectangles(runs, image.width)) {
    const columns = [Math.floor(left * across), Math.ceil(right * across)] as const;
    const rows = [Math.floor(top * down), Math.ceil(bottom * down)] as const;
    for (let y = rows[0]; y < rows[1]; y++)
      for (let x = columns[0]; x < columns[1]; x++) paint(data, 4 * (y * width + x), x + y, colour);
  }
  return { width, height, data };
}

/** The unused pixels as rectangles [left, top, right, bottom], one for several whole rows. */
export function unusedRectangles(runs: number[], width: number): [number, number, number, number][] {
  const found: [number, number, number, number][] = [];
  let start = 0;
  runs.forEach((length, index) => {
    const end = start + length;
    if (index % 2 === 1 && length > 0) found.push(...rectanglesOfRun(start, end, width));
    start = end;
  });
  return found;
}

function rectanglesOfRun(start: number, end: number, width: number): [number, number, number, number][] {
  const [top, bottom] = [Math.floor(start / width), Math.floor((end - 1) / width)];
  const [left, right] = [start % width, ((end - 1) % width) + 1];
  if (top === bottom) return [[left, top, right, top + 1]];
  const whole: [number, number, number, number][] = bottom > top + 1 ? [[0, top + 1, width, bottom]] : [];
  return [[left, top, width, top + 1], ...whole, [0, bottom, right, bottom + 1]];
}

/** A dark ground with stripes of the colour, so that it shows on black and on white. */
function paint(data: Uint8ClampedArray, at: number, diagonal: number, colour: Colour): void {
  const stripe = diagonal % PERIOD_PX < STRIPE_PX;
  const [red, green, blue] = stripe ? colour : [12, 13, 15];
  data[at] = red;
  data[at + 1] = green;
  data[at + 2] = blue;
  data[at + 3] = stripe ? 190 : 90;
}
