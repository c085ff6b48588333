import type { Verdict } from "../api/types";
import { Icon } from "../frame/Icon";
import "./verdict.css";

export const VERDICT_WORDS: Record<Verdict, string> = {
  accept: "Accepted",
  review: "To be reviewed",
  refuse: "Refused",
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

function sentence(text: string): string {
  const upper = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(upper) ? upper : `${upper}.`;
}
