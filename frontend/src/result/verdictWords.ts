import type { Verdict } from "../api/types";

export const VERDICT_WORDS: Record<Verdict, string> = {
  accept: "Accepted",
  review: "To be reviewed",
  refuse: "Refused",
  corrected: "Corrected by hand",
};
