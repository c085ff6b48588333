/** Number formatting: Unicode minus, narrow no-break spaces, units that fit the magnitude. */

const MINUS = "\u2212";
const NARROW_SPACE = "\u202f";

export function fixedDigits(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? MINUS + text : text;
}

export function significant(value: number, digits: number): string {
  const places = value === 0 ? 0 : digits - 1 - Math.floor(Math.log10(Math.abs(value)));
  return fixedDigits(value, Math.min(Math.max(places, 0), 6));
}

export function groupedDigits(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, NARROW_SPACE);
}

const LENGTHS = [
  { unit: "nm", um: 0.001 },
  { unit: "µm", um: 1 },
  { unit: "mm", um: 1000 },
] as const;

export type LengthUnit = (typeof LENGTHS)[number];

/** The unit in which a length of `um` micrometres is between 1 and 1000; the smallest unit below that range. */
export function lengthUnit(um: number): LengthUnit {
  const size = Math.abs(um);
  return LENGTHS.findLast((length) => size >= length.um) ?? LENGTHS[0];
}

export function length(um: number, digits = 3): string {
  const { unit, um: size } = lengthUnit(um);
  return `${significant(um / size, digits)}${NARROW_SPACE}${unit}`;
}

export function pixels(px: number, digits: number): string {
  return `${fixedDigits(px, digits)}${NARROW_SPACE}px`;
}

/** An original value of an image: whole numbers as they are, others to four digits. */
export function measured(value: number | null): string {
  if (value === null) return "–";
  if (Number.isInteger(value)) return (value < 0 ? MINUS : "") + groupedDigits(Math.abs(value));
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1e6 ? significant(value, 4) : value.toExponential(3).replaceAll("-", MINUS);
}

/** A share in percent; very small ones as a bound. */
export function share(value: number): string {
  if (value < 0.0005) return `<${NARROW_SPACE}0.1${NARROW_SPACE}%`;
  return `${(100 * value).toFixed(value < 0.095 ? 1 : 0)}${NARROW_SPACE}%`;
}

export function bytes(count: number): string {
  if (count < 1e6) return `${Math.max(1, Math.round(count / 1e3))}${NARROW_SPACE}kB`;
  return count < 1e9
    ? `${(count / 1e6).toFixed(1)}${NARROW_SPACE}MB`
    : `${(count / 1e9).toFixed(1)}${NARROW_SPACE}GB`;
}

export function seconds(value: number): string {
  return value < 1
    ? `${Math.max(1, Math.round(value * 1000))}${NARROW_SPACE}ms`
    : `${value.toFixed(value < 10 ? 1 : 0)}${NARROW_SPACE}s`;
}

const moment = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

export function when(time: string): string {
  return moment.format(new Date(time));
}
