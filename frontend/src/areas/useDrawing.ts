import { useState } from "react";
import type { Size } from "../viewer/geometry";
import { type Area, type Kind, type Point, cornersOf, placed, rectangle } from "./area";
import { type Held, cornerNear, hold, withCornerAt } from "./corners";

export const SHAPES = { rectangle: "Rectangle", polygon: "Polygon" } as const;
export type Shape = keyof typeof SHAPES;

const ARROWS: Record<string, [right: number, down: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const STEPS = 50; // key presses across the image

export interface Drawing {
  shape: Shape;
  kind: Kind;
  setShape: (shape: Shape) => void;
  setKind: (kind: Kind) => void;
  corners: Point[]; // of the area that is being drawn
  cursor: Point; // where the next corner will be
  outline: Point[]; // of the area that is being drawn, up to the cursor
  overCorner: boolean; // whether a corner of an area is moved or would be by a press
  moveTo: (at: Point) => void;
  press: (at: Point) => void;
  release: (at: Point) => void; // the end of a drag, or of a click
  close: () => void; // end a polygon
  cancel: () => void;
  spoken: string; // what the last key has done
  pressKey: (key: string, fine: boolean) => boolean; // whether the key was used
}

/**
 * Draw areas on an image with a pointer or with keys: a rectangle by two corners, a polygon corner by corner.
 * A corner that is there already, within `near` px, is moved instead.
 */
export function useDrawing(
  size: Size,
  near: number,
  areas: Area[],
  onChange: (areas: Area[]) => void,
): Drawing {
  const [shape, setShape] = useState<Shape>("rectangle");
  const [kind, setKind] = useState<Kind>("exclude");
  const [corners, setCorners] = useState<Point[]>([]);
  const [cursor, setCursor] = useState<Point>({ x: (size.width - 1) / 2, y: (size.height - 1) / 2 });
  const [spoken, setSpoken] = useState("");
  const [held, setHeld] = useState<Held | null>(null);
  const [first, last] = [corners[0], corners.at(-1)];
  const under = corners.length === 0 ? cornerNear(areas, cursor, near) : null;

  function put(area: Area): void {
    if (held) onChange(areas.with(held.area, area));
  }

  /** Take the corner under a point, where there is one and nothing is being drawn. */
  function take(at: Point): boolean {
    const corner = corners.length === 0 ? cornerNear(areas, at, near) : null;
    if (corner) setHeld(hold(areas, corner));
    return corner !== null;
  }

  function moveTo(at: Point): void {
    setCursor(placed(at, size));
    if (held) put(withCornerAt(held, at, size));
  }

  function cancel(): void {
    if (held) put(held.before);
    setHeld(null);
    setCorners([]);
  }

  function add(ring: Point[]): void {
    onChange([...areas, { kind, rings: [ring] }]);
    setCorners([]);
    setSpoken("Area added");
  }

  function endRectangle(from: Point, to: Point): void {
    const edges = rectangle(from, to, size);
    if (edges.right > edges.left && edges.bottom > edges.top) add(cornersOf(edges));
    else setCorners([]);
  }

  function close(): void {
    if (corners.length >= 3) add(corners);
  }

  function addCorner(at: Point): void {
    const point = placed(at, size);
    if (first && corners.length >= 3 && (isNear(point, first, near) || isNear(point, last!, near))) close();
    else if (!last || !isNear(point, last, 0.05)) setCorners([...corners, point]);
  }

  function press(at: Point): void {
    setCursor(placed(at, size));
    if (take(at)) return;
    if (shape === "polygon") addCorner(at);
    else setCorners([at]);
  }

  function release(at: Point): void {
    moveTo(at);
    if (held) setHeld(null);
    else if (shape === "rectangle" && first) endRectangle(first, at);
  }

  function pressKey(key: string, fine: boolean): boolean {
    const direction = ARROWS[key];
    const step = fine ? 1 : Math.max(1, Math.round(Math.max(size.width, size.height) / STEPS));
    if (direction) {
      const to = placed({ x: cursor.x + direction[0] * step, y: cursor.y + direction[1] * step }, size);
      moveTo(to);
      setSpoken(`${to.x}, ${to.y}`);
    } else if ((key === "Enter" || key === " ") && (held || take(cursor))) {
      setSpoken(held ? "Corner set" : "Corner taken: arrows move it, Enter sets it");
      if (held) setHeld(null);
    } else if (key === "Enter" || key === " ") {
      setSpoken(`Corner ${corners.length + 1}`);
      if (shape === "polygon") addCorner(cursor);
      else if (first) endRectangle(first, cursor);
      else setCorners([cursor]);
    } else if (key === "Backspace" && corners.length > 0) setCorners(corners.slice(0, -1));
    else if (key === "Escape" && (held || corners.length > 0)) cancel();
    else return false;
    return true;
  }

  const choose = (wanted: Shape) => {
    setShape(wanted);
    setCorners([]);
  };
  const outline =
    shape === "rectangle" && first ? cornersOf(rectangle(first, cursor, size)) : [...corners, cursor];
  return {
    ...{ shape, kind, corners, cursor, spoken, setShape: choose, setKind, press, release, close, pressKey },
    ...{ moveTo, cancel },
    outline: corners.length > 0 ? outline : [],
    overCorner: held !== null || under !== null,
  };
}

function isNear(one: Point, other: Point, distance: number): boolean {
  return Math.hypot(one.x - other.x, one.y - other.y) <= distance;
}
