import { useEffect, useState } from "react";
import { guardLeaving } from "../url";

/** The question before an unsaved correction is lost; `pending` is the action after it is confirmed. */
export interface Leaving {
  pending: (() => void) | null;
  ask: (then: () => void) => void; // at once where nothing is unsaved
  stay: () => void;
}

/** Ask before the page is left by a link, the browser's buttons or a reload while there are unsaved changes. */
export function useLeaving(unsaved: boolean): Leaving {
  const [pending, setPending] = useState<(() => void) | null>(null);
  useEffect(() => {
    if (!unsaved) return;
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener("beforeunload", warn);
    const release = guardLeaving((leave) => setPending(() => leave));
    return () => {
      window.removeEventListener("beforeunload", warn);
      release();
    };
  }, [unsaved]);
  return {
    pending,
    ask: (then) => (unsaved ? setPending(() => then) : then()),
    stay: () => setPending(null),
  };
}
