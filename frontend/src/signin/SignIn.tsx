import { type FormEvent, useState } from "react";
import { messageOf } from "../api/problems";
import { signIn } from "../api/signIn";
import { ProblemNote } from "../frame/ProblemNote";
import "./signin.css";

interface Props {
  why: string | null; // what ended the session before
  onLeave?: () => void; // where somebody is signed in already, and adds another instrument
}

/** Asks for an API key; what is kept in the browser is a cookie that stands for it. */
export function SignIn({ why, onLeave }: Props) {
  const [key, setKey] = useState("");
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState<string | null>(why);

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    setSending(true);
    setProblem(null);
    try {
      await signIn(key);
      onLeave?.();
    } catch (error) {
      setProblem(messageOf(error));
    } finally {
      setSending(false);
    }
  }

  return (
    <form className="sign-in" onSubmit={(event) => void submit(event)} aria-labelledby="sign-in-title">
      <h1 id="sign-in-title">{onLeave ? "Add an instrument" : "Sign in"}</h1>
      <p className="lead">Each instrument has its own images and registrations; its API key opens them.</p>
      <label htmlFor="sign-in-key">API key</label>
      <input
        id="sign-in-key"
        type="password"
        autoComplete="current-password"
        placeholder="xebra_…"
        spellCheck={false}
        required
        autoFocus
        value={key}
        onChange={(event) => setKey(event.currentTarget.value)}
      />
      <div className="sign-in-actions">
        <button type="submit" className="primary" disabled={sending || key.trim() === ""}>
          {sending ? "Signing in…" : "Sign in"}
        </button>
        {onLeave && (
          <button type="button" className="quiet" onClick={onLeave}>
            Cancel
          </button>
        )}
      </div>
      {problem && <ProblemNote title="Not signed in:">{problem}</ProblemNote>}
      <p className="hint">
        Whoever runs the service gives keys out. You stay signed in for 12 hours; the key itself is not kept.
      </p>
    </form>
  );
}
