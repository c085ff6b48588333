import type { Failure, Registration } from "../api/types";
import { Icon } from "../frame/Icon";
import { ProblemNote } from "../frame/ProblemNote";
import { registerAgain } from "../submit/registerAgain";
import { useSubmit } from "../submit/useSubmit";
import { openRegistration } from "../url";

/** A registration without a result: the cause and what can be done. */
export function Failed({ registration }: { registration: Registration }) {
  const { sending, problem, run } = useSubmit();
  const { failure } = registration;
  const title = titleOf(failure);

  async function again(): Promise<void> {
    openRegistration((await registerAgain(registration)).id);
  }

  return (
    <div className="failed" role="alert">
      <Icon name={failure ? "refuse" : "cancelled"} />
      <div>
        <h2>{title}</h2>
        {failure && <p>{failure.message}</p>}
        {failure?.fault === "system" && <p className="hint">Nothing is wrong with your images.</p>}
        {failure?.fault !== "input" && (
          <button type="button" className="primary" disabled={sending} onClick={() => void run(again)}>
            Register again
          </button>
        )}
        {problem && <ProblemNote title="Not submitted:">{problem}</ProblemNote>}
      </div>
    </div>
  );
}

function titleOf(failure: Failure | null): string {
  if (!failure) return "Cancelled";
  return failure.fault === "input" ? "These images cannot be registered" : "The service failed";
}
