import type { ReactNode } from "react";
import type { Mirror, TransformModel } from "../api/types";
import { ProblemNote } from "../frame/ProblemNote";
import { MirrorChoice } from "./MirrorChoice";
import { ModelChoice } from "./ModelChoice";
import "./submit.css";
import type { Submitting } from "./useSubmit";

interface Props {
  label: string;
  plan: string | null; // what submission does, as text; null while it is not known
  missing: string | null; // what prevents submission, as text
  submitting: Submitting;
  onSubmit: () => Promise<void>;
  mirror: Mirror;
  onMirror: (mirror: Mirror) => void;
  model: TransformModel;
  onModel: (model: TransformModel) => void;
  children: ReactNode; // further buttons
}

/** The end of both forms: model, mirror option, submit button, and what prevents submission. */
export function SubmitBar(props: Props) {
  const { label, plan, missing, submitting, onSubmit, mirror, onMirror, model, onModel, children } = props;
  const { sending, problem, run } = submitting;
  return (
    <>
      <div className="options">
        <ModelChoice model={model} onModel={onModel} />
        <MirrorChoice mirror={mirror} onMirror={onMirror} />
      </div>
      {plan && (
        <p className="plan" id="plan">
          {plan}
        </p>
      )}
      <div className="submit-bar">
        <button
          type="button"
          className="primary"
          aria-describedby={plan ? "plan" : undefined}
          disabled={missing !== null || sending}
          onClick={() => void run(onSubmit)}
        >
          {sending ? "Submitting…" : label}
        </button>
        {children}
        <p className="hint" role="status">
          {missing}
        </p>
      </div>
      {problem && <ProblemNote title="Not submitted:">{problem}</ProblemNote>}
    </>
  );
}
