import type { ReactNode } from "react";
import type { Mirror } from "../api/types";
import { ProblemNote } from "../frame/ProblemNote";
import { MirrorChoice } from "./MirrorChoice";
import "./submit.css";
import type { Submitting } from "./useSubmit";

interface Props {
  label: string;
  missing: string | null; // what prevents submission, as text
  submitting: Submitting;
  onSubmit: () => Promise<void>;
  mirror: Mirror;
  onMirror: (mirror: Mirror) => void;
  children: ReactNode; // further buttons
}

/** The end of both forms: mirror option, submit button, and what prevents submission. */
export function SubmitBar({ label, missing, submitting, onSubmit, mirror, onMirror, children }: Props) {
  const { sending, problem, run } = submitting;
  return (
    <>
      <MirrorChoice mirror={mirror} onMirror={onMirror} />
      <div className="submit-bar">
        <button
          type="button"
          className="primary"
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
