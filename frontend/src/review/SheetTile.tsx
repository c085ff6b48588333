import type { Registration } from "../api/types";
import { isFinished } from "../api/useRegistration";
import { Icon } from "../frame/Icon";
import { errorBoundText } from "../result/errorBound";
import { VERDICT_WORDS } from "../result/verdictWords";
import { OverlayPicture } from "./OverlayPicture";
import type { decisionOf } from "./reviewing";

const SIDE = 160; // canvas px

interface Props {
  registration: Registration;
  decision: ReturnType<typeof decisionOf>;
  active: boolean;
  onActive: () => void;
}

/** One result of the contact sheet. */
export function SheetTile({ registration, decision, active, onActive }: Props) {
  const { id, result, moving_name, fixed_name, state } = registration;
  const verdict = result?.verdict;
  const words = result ? VERDICT_WORDS[result.verdict] : isFinished(state) ? "No result" : "Not ready";
  const more = [`onto ${fixed_name}`, result && errorBoundText(result), decision && `decision: ${decision}`];
  return (
    <li>
      <button
        type="button"
        className={`sheet-tile ${active ? "sheet-active" : ""} ${decision ? `sheet-${decision}` : ""}`}
        data-tile={id}
        data-decision={decision ?? ""}
        tabIndex={active ? 0 : -1}
        aria-current={active ? "true" : undefined}
        onFocus={onActive}
        onClick={onActive}
      >
        <span className="well sheet-picture">
          {result && <OverlayPicture registration={registration} result={result} side={SIDE} small />}
          {decision && (
            <span className={`sheet-mark state-${decision === "reject" ? "refuse" : decision}`}>
              <Icon name={decision === "reject" ? "refuse" : decision} />
            </span>
          )}
        </span>
        <span className={`sheet-verdict state-${verdict ?? "waiting"}`}>{words}</span>
        <span className="sheet-name">{moving_name}</span>
        <span className="spoken">{more.filter(Boolean).join(", ")}</span>
      </button>
    </li>
  );
}
