import { useEffect } from "react";
import { messageOf } from "../api/errors";
import type { Registration } from "../api/types";
import { isFinished, useRegistration } from "../api/useRegistration";
import { CopyLink } from "../frame/CopyLink";
import { LocalLink } from "../frame/LocalLink";
import { ProblemNote } from "../frame/ProblemNote";
import { RoleName } from "../frame/RoleName";
import { useFocusKept } from "../frame/useFocusKept";
import { useTitle } from "../frame/useTitle";
import { TagEditor } from "../tags/TagEditor";
import { announcement, titleOf } from "./announcement";
import { batchHref, useAddress } from "../url";
import { Failed } from "./Failed";
import { Result } from "./Result";
import { InProgress } from "./InProgress";
import { shownName } from "./shownName";
import "./outcome.css";
import "./result.css";

interface Props {
  id: string;
  onChanged: () => void;
}

/** One registration in any state. */
export function RegistrationView({ id, onChanged }: Props) {
  const address = useAddress();
  const [batch, sheet] = [address.get("batch"), address.get("sheet") === "1"];
  const { value: registration, error, refresh } = useRegistration(id);
  const state = registration?.state;
  useEffect(() => {
    if (state !== undefined) onChanged();
  }, [state, onChanged]);
  useFocusKept(state);
  useTitle(registration ? titleOf(registration) : "Registration");
  const changed = () => {
    refresh();
    onChanged();
  };

  return (
    <section className="registration" aria-labelledby="registration-title">
      <div className="registration-head">
        <h1 id="registration-title">
          {registration ? <Pair registration={registration} /> : "Registration"}
        </h1>
        <div className="registration-actions">
          {batch !== null && (
            <LocalLink href={batchHref(batch, { ...(sheet && { sheet: "1" }), item: id })} className="button">
              Back to the batch
            </LocalLink>
          )}
          <CopyLink />
          <LocalLink href="/" className="button">
            New registration
          </LocalLink>
        </div>
        {registration && <TagEditor registration={registration} onChanged={changed} />}
      </div>
      <p className="spoken" role="status">
        {registration && announcement(registration)}
      </p>
      {error !== null && <ProblemNote title="Not shown:">{messageOf(error)}</ProblemNote>}
      {registration && <Body registration={registration} refresh={changed} />}
    </section>
  );
}

function Body({ registration, refresh }: { registration: Registration; refresh: () => void }) {
  const prediction = registration.prediction ?? registration.result;
  if (prediction) return <Result registration={registration} result={prediction} onCorrected={refresh} />;
  if (!isFinished(registration.state))
    return <InProgress registration={registration} onCancelled={refresh} />;
  return <Failed registration={registration} />;
}

function Pair({ registration }: { registration: Registration }) {
  return (
    <span className="registration-pair">
      <RoleName role="moving">{shownName(registration, "moving")}</RoleName>{" "}
      <span className="onto">onto</span> <RoleName role="fixed">{shownName(registration, "fixed")}</RoleName>
    </span>
  );
}
