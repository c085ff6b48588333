import type { Place, Result } from "../api/types";

const LISTED = 0.01; // a place of a lower probability is not listed

/** The place of the result and the next best ones that are not improbable; at most one for equal fields. */
export function likelyPlaces({ places, verdict }: Result): Place[] {
  if (verdict === "refuse") return [];
  return places.filter(({ probability }, index) => index === 0 || probability >= LISTED);
}

/** The index of the place that the URL names, counted from 1 there; 0, the result's, if there is none. */
export function shownPlace(places: Place[], wanted: string | null): number {
  const index = Number(wanted) - 1;
  return Number.isInteger(index) && index > 0 && index < places.length ? index : 0;
}

/** The same as a URL parameter. */
export function placeParameter(index: number): string | null {
  return index === 0 ? null : String(index + 1);
}
