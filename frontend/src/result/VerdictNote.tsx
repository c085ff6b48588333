import type { Correction, Result, Verdict } from "../api/types";
import { Icon } from "../frame/Icon";
import { when } from "../quantities";
import { errorBoundText } from "./errorBound";
import { VERDICT_WORDS } from "./verdictWords";
import "./verdict.css";

const ADVICE: Partial<Record<Verdict, string>> = {
  review: "Look at the overlay before you use this position.",
  refuse: "Do not use this position.",
};

/** The verdict with its reason, and the one error of the result. */
export function VerdictNote({ result }: { result: Result }) {
  const { verdict, reason } = result;
  const bound = errorBoundText(result);
  return (
    <section className={`verdict verdict-${verdict}`} aria-labelledby="verdict-title">
      <h2 id="verdict-title">
        <Icon name={verdict} />
        {VERDICT_WORDS[verdict]}
      </h2>
      {bound && <p className="verdict-bound">{bound}</p>}
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
