import type { Role } from "../frame/RoleName";
import { type Sizes, outline } from "./geometry";

const DETAIL_SHARE = 0.7; // of the longer side of the other image: a smaller field of view is a detail, as in the figure

/** An upright rectangle in px of the fixed image. */
export interface Bounds {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** The image that shows a small part of the other one, the overview; null for similar fields of view. */
export function detailOf(sizes: Sizes, fixedFromMoving: DOMMatrix): Role | null {
  return (["moving", "fixed"] as const).find((role) => isSmall(role, sizes, fixedFromMoving)) ?? null;
}

export function overviewOf(detail: Role): Role {
  return detail === "moving" ? "fixed" : "moving";
}

export function overviewFromDetail(detail: Role, fixedFromMoving: DOMMatrix): DOMMatrix {
  return detail === "moving" ? fixedFromMoving : fixedFromMoving.inverse();
}

function isSmall(detail: Role, sizes: Sizes, fixedFromMoving: DOMMatrix): boolean {
  const { width, height } = sizes[overviewOf(detail)];
  const corners = outline(sizes[detail], overviewFromDetail(detail, fixedFromMoving));
  const { left, top, right, bottom } = boundsOf(corners);
  return Math.max(right - left, bottom - top) < DETAIL_SHARE * Math.max(width, height);
}

export function boundsOf(points: { x: number; y: number }[]): Bounds {
  const [x, y] = [points.map((point) => point.x), points.map((point) => point.y)];
  return { left: Math.min(...x), top: Math.min(...y), right: Math.max(...x), bottom: Math.max(...y) };
}

/** Bounds enlarged about their middle. */
export function enlarged({ left, top, right, bottom }: Bounds, factor: number): Bounds {
  const [x, y] = [((factor - 1) * (right - left)) / 2, ((factor - 1) * (bottom - top)) / 2];
  return { left: left - x, top: top - y, right: right + x, bottom: bottom + y };
}
