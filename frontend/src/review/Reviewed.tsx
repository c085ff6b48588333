import type { ReactNode } from "react";
import type { Registration } from "../api/types";
import { LocalLink } from "../frame/LocalLink";
import { RoleName } from "../frame/RoleName";
import { errorBoundText } from "../result/errorBound";
import { VERDICT_WORDS } from "../result/verdictWords";
import { registrationHref } from "../url";
import { OverlayPicture } from "./OverlayPicture";
import type { decisionOf } from "./reviewing";

const SIDE = 640; // canvas px

interface Props {
  registration: Registration;
  decision: ReturnType<typeof decisionOf>;
  children: ReactNode;
}

/** The result that the keys act on, large, with what is known of it. */
export function Reviewed({ registration, decision, children }: Props) {
  const { result, failure, moving_name, fixed_name } = registration;
  const bound = result && errorBoundText(result);
  return (
    <div className="sheet-current">
      <div className="well sheet-large">
        {result && (
          <OverlayPicture key={registration.id} registration={registration} result={result} side={SIDE} />
        )}
      </div>
      <div className="sheet-words">
        <p className="sheet-pair">
          <RoleName role="moving">{moving_name}</RoleName> <span className="onto">onto</span>{" "}
          <RoleName role="fixed">{fixed_name}</RoleName>
        </p>
        {result ? (
          <>
            <p className={`sheet-verdict state-${result.verdict}`}>{VERDICT_WORDS[result.verdict]}</p>
            {bound && <p className="verdict-bound">{bound}</p>}
            <p className="sheet-reason">{result.reason}</p>
          </>
        ) : (
          <p>{failure?.message ?? "No result yet."}</p>
        )}
        {decision && <p className="sheet-decision">Your decision: {decision}</p>}
        <LocalLink href={registrationHref(registration.id)}>Open in the viewer</LocalLink>
        {children}
      </div>
    </div>
  );
}
