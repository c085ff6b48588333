import type { Role } from "../frame/RoleName";

/** How the shader composes the two images; the numbers are those in shaders.ts. */
export const COMPOSE = { blend: 0, swipe: 1, checkerboard: 2, colour: 3, difference: 4, side: 5 } as const;
export type Compose = (typeof COMPOSE)[keyof typeof COMPOSE];

/** A display mode for two images; its slider runs from 0 to 1. */
interface Mode {
  name: string;
  compose: Compose;
  slider: { label: string; text: (value: number) => string; ends?: "images" } | null;
  amount: (value: number) => number; // the shader's parameter
}

const BLEND = "Blend from the fixed to the moving image";
const percent = (value: number) => `${Math.round(value * 100)} %`;
const same = (value: number) => value;

export const MODES = {
  colour: {
    name: "Two colours",
    compose: COMPOSE.colour,
    slider: { label: BLEND, text: percent, ends: "images" },
    amount: same,
  },
  blend: {
    name: "Blend",
    compose: COMPOSE.blend,
    slider: { label: BLEND, text: percent, ends: "images" },
    amount: same,
  },
  swipe: {
    name: "Swipe",
    compose: COMPOSE.swipe,
    slider: { label: "Position of the dividing line", text: percent },
    amount: same,
  },
  checkerboard: {
    name: "Checkerboard",
    compose: COMPOSE.checkerboard,
    slider: { label: "Size of the squares", text: (value) => `${square(value)} px` },
    amount: square,
  },
  flicker: {
    name: "Flicker",
    compose: COMPOSE.blend,
    slider: { label: "Changes per second", text: (value) => `${flickerRate(value).toFixed(1)} /s` },
    amount: same,
  },
  difference: {
    name: "Difference",
    compose: COMPOSE.difference,
    slider: { label: "Gain", text: (value) => `× ${gain(value).toFixed(1)}` },
    amount: gain,
  },
  side: { name: "Side by side", compose: COMPOSE.side, slider: null, amount: same },
} as const satisfies Record<string, Mode>;

export type ModeKey = keyof typeof MODES;
export const FIRST_MODE: ModeKey = "colour"; // the one that shows an error of position best
export const MODE_KEYS = Object.keys(MODES) as ModeKey[];

export function modeOf(key: ModeKey): Mode {
  return MODES[key];
}

/** The name of a mode; the overlay of two colours is named by them. */
export function modeName(key: ModeKey, { fixed, moving }: Record<Role, { colour: string }>): string {
  if (key !== "colour") return modeOf(key).name;
  return `${capitalised(fixed.colour)}–${moving.colour}`;
}

export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export function modeKey(text: string | null): ModeKey {
  return text !== null && Object.hasOwn(MODES, text) ? (text as ModeKey) : FIRST_MODE;
}

/** Images per second; each image flashes at most 2.5 times a second, below the limit of 3 (WCAG 2.3.1). */
export function flickerRate(value: number): number {
  return 1 + 4 * value;
}

function square(value: number): number {
  return Math.round(12 * 12 ** value);
}

function gain(value: number): number {
  return 4 ** (2 * value - 0.5);
}
