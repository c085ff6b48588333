import { useEffect, useState } from "react";
import { cancelRegistration } from "../api/client";
import { messageOf } from "../api/errors";
import type { Registration } from "../api/types";
import { ProblemNote } from "../frame/ProblemNote";
import { RoleName } from "../frame/RoleName";
import { seconds } from "../quantities";

interface Props {
  registration: Registration;
  onCancelled: () => void;
}

export function InProgress({ registration, onCancelled }: Props) {
  const [problem, setProblem] = useState<string | null>(null);
  const elapsed = useElapsed(registration.created_at);
  const cancel = () =>
    cancelRegistration(registration.id).then(onCancelled, (error) => setProblem(messageOf(error)));

  return (
    <div className="in-progress">
      <div className="in-progress-pair">
        {(["fixed", "moving"] as const).map((role) => (
          <figure key={role} className="well">
            <img src={registration.links[`${role}_preview`]} alt="" />
            <figcaption>
              <RoleName role={role} />
            </figcaption>
          </figure>
        ))}
      </div>
      <div className="in-progress-state">
        <p role="status">
          {registration.state === "queued" ? "Waiting for a worker" : "Searching for the position"}
        </p>
        <span className="in-progress-elapsed">{elapsed >= 1 && seconds(Math.floor(elapsed) + 0.0)}</span>
        <progress aria-label="Registration under way" />
        <button type="button" className="quiet" onClick={() => void cancel()}>
          Cancel
        </button>
      </div>
      {problem && <ProblemNote title="Not cancelled:">{problem}</ProblemNote>}
    </div>
  );
}

function useElapsed(since: string): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), 500);
    return () => window.clearInterval(timer);
  }, []);
  return (now - Date.parse(since)) / 1000;
}
