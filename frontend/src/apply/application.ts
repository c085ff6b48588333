import type { Application, Image, ImageChoice, Registration } from "../api/types";
import { choicesOf } from "../pair/choice";
import type { Further } from "./useFurtherImages";

type ImageToApply = Application["images"][number];
export type Options = Required<Pick<Application, "interpolation" | "format" | "same_field">>;

export const OPTIONS: Options = { interpolation: "linear", format: "ome-tiff", same_field: false };

/** The channels of the moving image's own file besides the registered one; stacks are left out. */
export function otherChannels(image: Image, { settings }: Registration): ImageChoice[] {
  const used = settings.moving_channel ?? String(image.default_channel);
  return choicesOf(image).filter(
    ({ channel, name, frames }) => String(channel) !== used && name !== used && frames === 1,
  );
}

/** The images of the request: the chosen channels of the moving image's file, and all of each further file. */
export function imagesOf(moving: Image | null, channels: number[], further: Further[]): ImageToApply[] {
  const own = moving === null ? [] : channels.map((channel) => ({ ...WHOLE, image_id: moving.id, channel }));
  const others = further.flatMap((one) =>
    one.state === "ready"
      ? [{ ...WHOLE, image_id: one.image.id, all_channels: choicesOf(one.image).length > 1 }]
      : [],
  );
  return [...own, ...others];
}

const WHOLE = { channel: null, frame: null, all_channels: false };

/** How many channels a request has. */
export function countOf(channels: number[], further: Further[]): number {
  const more = further.map((one) => (one.state === "ready" ? Math.max(choicesOf(one.image).length, 1) : 0));
  return channels.length + more.reduce((sum, one) => sum + one, 0);
}

/** Whether an image has another number of pixels than the moving one. */
export function differsInSize(shape: number[], further: Further[], channels: ImageChoice[]): boolean {
  const [height, width] = shape;
  const differs = (one: { height: number; width: number }) => one.height !== height || one.width !== width;
  return (
    channels.some(differs) ||
    further.some((one) => one.state === "ready" && (choicesOf(one.image).some(differs) || differs(one.image)))
  );
}
