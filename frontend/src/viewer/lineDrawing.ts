import type { Point } from "../areas/area";
import { type Line, NO_LINE, withEnd } from "./line";
import type { PointerActions, PointerPosition } from "./useNavigation";

const NEAR = 12; // CSS px: a drag that begins that close to an end moves it

/** Pointer actions of the profile: a drag draws a line or moves an end; single clicks set the ends in turn. */
export function lineActions(
  line: Line,
  onFixed: (position: PointerPosition) => Point,
  cssPerPixel: number,
  held: { current: Line },
  change: (line: Line) => void,
): PointerActions {
  return {
    begin: (position) => {
      const at = onFixed(position);
      const near = line.findIndex(({ x, y }) => Math.hypot(x - at.x, y - at.y) * cssPerPixel < NEAR);
      held.current = line.length === 2 && near >= 0 ? [line[1 - near]!] : [at]; // the end that stays
      return true;
    },
    drag: (_, to) => change(withEnd(held.current, onFixed(to))),
    tap: (position) => change(withEnd(line.length === 1 ? line : NO_LINE, onFixed(position))),
  };
}
