import { useState } from "react";
import { messageOf } from "../api/errors";

export interface Submitting {
  sending: boolean;
  problem: string | null;
  run: (send: () => Promise<void>) => Promise<void>;
}

/** Run a submission and report its error. */
export function useSubmit(): Submitting {
  const [sending, setSending] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  async function run(send: () => Promise<void>): Promise<void> {
    setSending(true);
    setProblem(null);
    try {
      await send();
    } catch (error) {
      setProblem(messageOf(error));
    } finally {
      setSending(false);
    }
  }
  return { sending, problem, run };
}
