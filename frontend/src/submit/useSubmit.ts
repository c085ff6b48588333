import { useState } from "react";
import { messageOf } from "../api/problems";

export interface Submitting {
  sending: boolean;
  problem: string | null;
  run: (send: () => Promise<void>) => Promise<void>;
}

/** Sends something once, and says what was in the way. */
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
