import type { Correction } from "../api/types";

export const PREDICTED = "predicted";

/** The correction that is shown: the newest one, unless the URL names another one or the prediction. */
export function shownCorrection(newestFirst: Correction[], wanted: string | null): Correction | null {
  if (wanted === PREDICTED) return null;
  return newestFirst.find(({ id }) => id === wanted) ?? newestFirst[0] ?? null;
}

/** The same as the query parameter of a download; null where the service's default is meant. */
export function correctionParameter(newestFirst: Correction[], shown: Correction | null): string | null {
  if (newestFirst.length === 0) return null;
  return shown === null ? PREDICTED : shown.id;
}
