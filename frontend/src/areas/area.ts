import type { Mask } from "../api/types";
import type { Size } from "../viewer/geometry";

/** A point in px of the image; (0, 0) is the centre of the top-left pixel. */
export interface Point {
  x: number;
  y: number;
}

export type Kind = "exclude" | "include";

/** A polygon in which pixels may not be used, or in which alone they may be used. */
export interface Area {
  kind: Kind;
  rings: Point[][]; // the outer one, then holes; not closed
}

export interface Edges {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** The request's form of the areas of one image; null without areas. */
export function maskOf(areas: Area[]): Mask | null {
  if (areas.length === 0) return null;
  return { include: polygonsOf(areas, "include"), exclude: polygonsOf(areas, "exclude") };
}

export function areasOf(mask: Mask | null | undefined): Area[] {
  const read = (kind: Kind): Area[] =>
    (mask?.[kind] ?? []).map(({ coordinates }) => ({
      kind,
      rings: coordinates.map((ring) => ring.slice(0, -1).map(([x, y]) => ({ x, y }))),
    }));
  return [...read("exclude"), ...read("include")];
}

/** The rectangle of whole pixels between two points, inside of the image. */
export function rectangle(one: Point, other: Point, { width, height }: Size): Edges {
  const border = (value: number, end: number) => Math.min(Math.max(Math.round(value + 0.5) - 0.5, -0.5), end);
  return {
    left: border(Math.min(one.x, other.x), width - 0.5),
    top: border(Math.min(one.y, other.y), height - 0.5),
    right: border(Math.max(one.x, other.x), width - 0.5),
    bottom: border(Math.max(one.y, other.y), height - 0.5),
  };
}

export function cornersOf({ left, top, right, bottom }: Edges): Point[] {
  return [
    { x: left, y: top },
    { x: right, y: top },
    { x: right, y: bottom },
    { x: left, y: bottom },
  ];
}

/** The edges of an area that is an upright rectangle, or null. */
export function edgesOf({ rings }: Area): Edges | null {
  const [ring, hole] = rings;
  if (!ring || hole || ring.length !== 4) return null;
  const [xs, ys] = [ring.map(({ x }) => x), ring.map(({ y }) => y)];
  const edges = {
    left: Math.min(...xs),
    top: Math.min(...ys),
    right: Math.max(...xs),
    bottom: Math.max(...ys),
  };
  const corners = cornersOf(edges);
  return corners.every(({ x, y }) => ring.some((point) => point.x === x && point.y === y)) ? edges : null;
}

/** A point inside of the image, to a tenth of a pixel. */
export function placed({ x, y }: Point, { width, height }: Size): Point {
  const at = (value: number, end: number) => Math.min(Math.max(Math.round(10 * value) / 10, -0.5), end);
  return { x: at(x, width - 0.5), y: at(y, height - 0.5) };
}

/** SVG path of an area, in px of the image. */
export function pathOf({ rings }: Area): string {
  return rings.map((ring) => `M${ring.map(({ x, y }) => `${x} ${y}`).join("L")}Z`).join("");
}

function polygonsOf(areas: Area[], kind: Kind): NonNullable<Mask["exclude"]> {
  return areas
    .filter((area) => area.kind === kind)
    .map(({ rings }) => ({
      type: "Polygon",
      coordinates: rings.map((ring) => [...ring, ring[0]!].map(({ x, y }): [number, number] => [x, y])),
    }));
}
