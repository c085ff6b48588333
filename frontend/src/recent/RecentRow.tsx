import { useRef, useState } from "react";
import { cancelRegistration } from "../api/client";
import { messageOf } from "../api/errors";
import type { Registration } from "../api/types";
import { isFinished } from "../api/useRegistration";
import { LocalLink } from "../frame/LocalLink";
import { ProblemNote } from "../frame/ProblemNote";
import { fixedDigits, pixels, when } from "../quantities";
import { registerAgain } from "../submit/registerAgain";
import { registrationHref } from "../url";
import { errorBound } from "../result/errorBound";
import { shownName } from "../result/shownName";
import { TagLink } from "../tags/TagLink";
import { StateLabel } from "./StateLabel";

interface Props {
  registration: Registration;
  open: boolean;
  onChanged: () => void;
}

export function RecentRow({ registration, open, onChanged }: Props) {
  const { result, tags = [] } = registration;
  const [problem, setProblem] = useState<string | null>(null);
  const over = isFinished(registration.state);
  const names = `${registration.moving_name} onto ${registration.fixed_name}`;
  const acting = useRef(false); // ignores a second click before the response
  const act = () => {
    if (acting.current) return;
    acting.current = true;
    setProblem(null);
    const done = over ? registerAgain(registration) : cancelRegistration(registration.id);
    done.then(onChanged, (error) => setProblem(messageOf(error))).finally(() => (acting.current = false));
  };
  return (
    <li className="recent-item">
      <LocalLink href={registrationHref(registration.id)} className="recent-row" current={open}>
        <StateLabel registration={registration} />
        <span className="recent-pair">
          {shownName(registration, "moving")} <span className="onto">onto</span>{" "}
          {shownName(registration, "fixed")}
        </span>
        <span className="recent-numbers">
          {result && `${fixedDigits(result.angle_deg, 1)}°  ×${fixedDigits(result.scale, 3)}`}
        </span>
        <span className="recent-numbers">{errorOf(registration)}</span>
        <time dateTime={registration.created_at}>{when(registration.created_at)}</time>
      </LocalLink>
      <button
        type="button"
        className="quiet recent-act"
        aria-label={`${over ? "Run again" : "Cancel"}: ${names}`}
        onClick={act}
      >
        {over ? "Run again" : "Cancel"}
      </button>
      {tags.length > 0 && (
        <span className="recent-tags">
          {tags.map((tag) => (
            <span key={tag} className="tag">
              <TagLink tag={tag} />
            </span>
          ))}
        </span>
      )}
      {problem && <ProblemNote>{problem}</ProblemNote>}
    </li>
  );
}

function errorOf({ result }: Registration): string {
  const px = result && errorBound(result);
  return px === null ? "" : `≤ ${pixels(px, px < 9.95 ? 1 : 0)}`;
}
