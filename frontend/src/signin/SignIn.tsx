import { type FormEvent, useState } from "react";
import { messageOf } from "../api/errors";
import { signIn } from "../api/signIn";
import { ProblemNote } from "../frame/ProblemNote";
import { useTitle } from "../frame/useTitle";
import "./signin.css";

interface Props {
  reason: string | null; // why the previous session ended
  onCancel?: () => void; // set while a signed-in user adds another instrument
}

/** Sign-in form for an API key; the browser stores a session cookie, not the key. */
export function SignIn({ reason, onCancel }: Props) {
  useTitle("Sign in");
  const [key, setKey] = useState("");
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState<string | null>(reason);

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    setSending(true);
    setProblem(null);
    try {
      await signIn(key);
      onCancel?.();
    } catch (error) {
      setProblem(messageOf(error));
    } finally {
      setSending(false);
    }
  }

  return (
    <form className="sign-in" onSubmit={(event) => void submit(event)} aria-labelledby="sign-in-title">
      <h1 id="sign-in-title">{onCancel ? "Add an instrument" : "Sign in"}</h1>
      <p className="lead">
        Each instrument has its own images and registrations; its API key gives access to them.
      </p>
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
        {onCancel && (
          <button type="button" className="quiet" onClick={onCancel}>
            Cancel
          </button>
        )}
      </div>
      {problem && <ProblemNote title="Not signed in:">{problem}</ProblemNote>}
      <p className="hint">
        The operator of the service issues API keys. A session lasts 12 hours; the key itself is not stored.
      </p>
    </form>
  );
}
