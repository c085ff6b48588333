import type { Correction, Result, Verdict } from "../api/types";
import { Icon } from "../frame/Icon";
import { when } from "../quantities";
import "./verdict.css";

export const VERDICT_WORDS: Record<Verdict, string> = {
  accept: "Accepted",
  review: "To be reviewed",
  refuse: "Refused",
  corrected: "Corrected by hand",
};

const ADVICE: Partial<Record<Verdict, string>> = {
  review: "Look at the overlay before you use this position.",
  refuse: "Do not use this position.",
};

export function VerdictNote({ verdict, reason }: { verdict: Verdict; reason: string }) {
  return (
    <section className={`verdict verdict-${verdict}`} aria-labelledby="verdict-title">
      <h2 id="verdict-title">
        <Icon name={verdict} />
        {VERDICT_WORDS[verdict]}
      </h2>
      <p>{sentence(reason)}</p>
      {ADVICE[verdict] && <p className="verdict-advice">{ADVICE[verdict]}</p>}
    </section>
  );
}

/** In place of the verdict: who set the position, and what the prediction was. */
export function CorrectedNote({ correction, prediction }: { correction: Correction; prediction: Result }) {
  return (
    <section className="verdict verdict-corrected" aria-labelledby="verdict-title">
      <h2 id="verdict-title">
        <Icon name="corrected" />
        {VERDICT_WORDS.corrected}
      </h2>
      <p>
        By {correction.actor}, {when(correction.created_at)}
        {correction.note && <>: “{correction.note}”</>}
      </p>
      <p className="verdict-prediction">
        Prediction: {VERDICT_WORDS[prediction.verdict].toLowerCase()}, {prediction.reason}
      </p>
    </section>
  );
}

function sentence(text: string): string {
  const upper = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(upper) ? upper : `${upper}.`;
}
