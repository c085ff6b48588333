import { parametersOf } from "../correct/similarity";
import { fixedDigits } from "../quantities";
import type { Sizes } from "../viewer/geometry";

/** A transform in a line: "6.2°, ×1.190, shift −34.2, −22.6 px". */
export function transformWords(fixedFromMoving: DOMMatrix, sizes: Sizes): string {
  const { angle, scale, x, y } = parametersOf(fixedFromMoving, sizes);
  return `${fixedDigits(angle, 1)}°, ×${scale.toFixed(3)}, shift ${fixedDigits(x, 1)}, ${fixedDigits(y, 1)}\u202fpx`;
}
