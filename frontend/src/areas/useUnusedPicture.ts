import { useMemo } from "react";
import type { Size } from "../viewer/geometry";
import { type Colour, unusedPicture } from "./unusedPicture";

/** The hatched picture of what was not used of an image, as a data URL; null where all of it was used. */
export function useUnusedPicture(runs: number[] | undefined, size: Size, colour: Colour): string | null {
  return useMemo(() => (runs && runs.length > 1 ? dataUrl(runs, size, colour) : null), [runs, size, colour]);
}

function dataUrl(runs: number[], size: Size, colour: Colour): string | null {
  const { width, height, data } = unusedPicture(runs, size, colour);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  if (!context) return null;
  context.putImageData(new ImageData(data, width, height), 0, 0);
  return canvas.toDataURL("image/png");
}
