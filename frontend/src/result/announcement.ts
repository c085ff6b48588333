import type { Registration } from "../api/types";
import { errorBoundText } from "./errorBound";
import { shownName } from "./shownName";
import { VERDICT_WORDS } from "./verdictWords";

const STATES = { queued: "queued", running: "running", failed: "failed", cancelled: "cancelled" } as const;

/** Title of the tab: both images and how far the registration is. */
export function titleOf(registration: Registration): string {
  const { state, result } = registration;
  const images = `${shownName(registration, "moving")} onto ${shownName(registration, "fixed")}`;
  const words = result
    ? VERDICT_WORDS[result.verdict].toLowerCase()
    : state === "succeeded"
      ? ""
      : STATES[state];
  return `${images}, ${words}`;
}

/** What a screen reader says when the state of a registration changes. */
export function announcement({ state, result, failure }: Registration): string {
  if (result)
    return [VERDICT_WORDS[result.verdict], result.reason, errorBoundText(result)].filter(Boolean).join(". ");
  if (state === "queued") return "Waiting for a worker";
  if (state === "running") return "Searching for the position";
  return state === "failed" ? `Failed. ${failure?.message ?? ""}` : "Cancelled";
}
