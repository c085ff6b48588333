import type { Image, ImageChoice } from "../api/types";
import type { Size } from "../viewer/geometry";

/** Which image of a file is used; null: the default of the service. */
export interface Choice {
  channel: number | string | null; // a text names a line or a window of a spectrum map
  frame: number | null;
}

/** The images of a file that can be chosen: all but reduced copies and labels. */
export function choicesOf(image: Image): ImageChoice[] {
  return image.choices.filter(({ kind }) => kind !== "preview");
}

/** The default of the service; a stack begins with its first frame. */
export function initialChoice(image: Image): Choice {
  return withFrame(image, null);
}

/** The choice of a channel; a stack begins with its first frame. */
export function withFrame(image: Image, channel: Choice["channel"]): Choice {
  const chosen = chosenOf(image, { channel, frame: null });
  return { channel, frame: chosen !== null && chosen.frames > 1 ? 0 : null };
}

/** The chosen image; null where the file has no default and nothing is chosen, or its content is unknown. */
export function chosenOf(image: Image, { channel }: Choice): ImageChoice | null {
  if (typeof channel === "string") {
    const whole = spectrumOf(image);
    return whole && { ...whole, channel: NAMED, name: channel };
  }
  const number = channel ?? image.default_channel;
  return image.choices.find((choice) => choice.channel === number) ?? null;
}

/** Pixels of the chosen image. */
export function chosenSize(image: Image, choice: Choice): Size {
  const { width, height } = chosenOf(image, choice) ?? image;
  return { width, height };
}

/** Whether the user must choose before the image can be used. */
export function isUndecided(image: Image, choice: Choice): boolean {
  return image.choice_needed && chosenOf(image, choice) === null;
}

/** The choice as the query of a URL, with its question mark; empty for the default. */
export function queryOf({ channel, frame }: Choice): string {
  const query = new URLSearchParams();
  if (channel !== null) query.set("channel", String(channel));
  if (frame !== null) query.set("frame", String(frame));
  return query.size > 0 ? `?${query}` : "";
}

/** URL of the preview of the chosen image. */
export function previewOf(image: Image, choice: Choice): string {
  return image.links.preview + queryOf(choice);
}

const NOT_OF_THE_FILE = ["given", "instrument"]; // sources of a spacing that holds for every image of the file

/** The pixel spacing that the service uses for the chosen image, and where it is from. */
export function statedSpacing(image: Image, choice: Choice): { um: number | null; source: string | null } {
  const whole = { um: image.pixel_spacing_um, source: image.spacing_source };
  const chosen = choice.channel === null ? null : chosenOf(image, choice);
  if (chosen === null || NOT_OF_THE_FILE.includes(image.spacing_source ?? "")) return whole;
  return { um: chosen.pixel_spacing_um, source: chosen.spacing_source };
}

const NAMED = -1; // number of a channel that exists by its name only
const TOTAL = ": total counts"; // end of the name of a spectrum map's sum

/** The sum of a spectrum map, of which lines and windows can be chosen by name. */
export function spectrumOf(image: Image): ImageChoice | null {
  return image.choices.find(({ kind, name }) => kind === "map" && name.endsWith(TOTAL)) ?? null;
}

/** The name of an X-ray line ("Fe_Ka") or an energy window ("6.2-6.6") as a channel. */
export function lineOf(spectrum: ImageChoice, text: string): string {
  return `${spectrum.name.slice(0, -TOTAL.length)}:${text.trim()}`;
}
