import type { Size } from "../viewer/geometry";
import { type Area, type Point, cornersOf, edgesOf, placed, rectangle } from "./area";

/** A corner of an area. */
export interface Corner {
  area: number;
  ring: number;
  index: number;
}

/** A corner that is being moved; `fixed` is the opposite corner of a rectangle, which keeps its place. */
export interface Held extends Corner {
  before: Area;
  fixed: Point | null;
}

/** The corner that is nearest to a point, where one is within a distance; else null. */
export function cornerNear(areas: Area[], at: Point, within: number): Corner | null {
  let [nearest, least]: [Corner | null, number] = [null, within];
  areas.forEach(({ rings }, area) =>
    rings.forEach((points, ring) =>
      points.forEach(({ x, y }, index) => {
        const distance = Math.hypot(x - at.x, y - at.y);
        if (distance <= least) [nearest, least] = [{ area, ring, index }, distance];
      }),
    ),
  );
  return nearest;
}

export function hold(areas: Area[], corner: Corner): Held {
  const before = areas[corner.area]!;
  const opposite = (corner.index + 2) % 4;
  return { ...corner, before, fixed: edgesOf(before) ? before.rings[0]![opposite]! : null };
}

/** The area with the held corner at a point inside of the image; a rectangle stays one of whole pixels. */
export function withCornerAt({ ring, index, before, fixed }: Held, at: Point, size: Size): Area {
  if (!fixed) {
    const points = before.rings[ring]!.with(index, placed(at, size));
    return { ...before, rings: before.rings.with(ring, points) };
  }
  const edges = rectangle(fixed, at, size);
  const empty = edges.right <= edges.left || edges.bottom <= edges.top;
  return empty ? before : { ...before, rings: [cornersOf(edges)] };
}
