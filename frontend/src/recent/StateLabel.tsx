import type { Registration } from "../api/types";
import { Icon, type IconName } from "../frame/Icon";
import { VERDICT_WORDS } from "../result/verdictWords";

/** The state of a registration, or its verdict once it has one. */
export function StateLabel({ registration }: { registration: Registration }) {
  const { icon, tone, words } = describe(registration);
  return (
    <span className={`state state-${tone}`}>
      <Icon name={icon} />
      {words}
    </span>
  );
}

function describe({ state, result, review }: Registration): {
  icon: IconName;
  tone: string;
  words: string;
} {
  if (review?.decision === "accept")
    return { icon: "accept", tone: "accept", words: `Accepted by ${review.by}` };
  if (review?.decision === "reject")
    return { icon: "refuse", tone: "refuse", words: `Rejected by ${review.by}` };
  if (result) return { icon: result.verdict, tone: result.verdict, words: VERDICT_WORDS[result.verdict] };
  switch (state) {
    case "queued":
      return { icon: "queued", tone: "waiting", words: "Queued" };
    case "running":
      return { icon: "running", tone: "waiting", words: "Running" };
    case "cancelled":
      return { icon: "cancelled", tone: "waiting", words: "Cancelled" };
    default:
      return { icon: "refuse", tone: "refuse", words: "Failed" };
  }
}
