import { useEffect, useRef } from "react";
import type { Leaving } from "./leaving";

/** Asks whether an unsaved correction is to be discarded. */
export function LeaveDialog({ leaving: { pending, stay } }: { leaving: Leaving }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (pending !== null) dialog.current?.showModal();
    else dialog.current?.close();
  }, [pending]);
  // Not onClose: its event comes late, when the next question may have been opened.
  return (
    <dialog ref={dialog} className="leave" aria-labelledby="leave-title" onCancel={stay}>
      <h2 id="leave-title">Discard the correction?</h2>
      <p>It is not saved.</p>
      <div className="leave-actions">
        <button type="button" className="primary" onClick={stay}>
          Keep correcting
        </button>
        <button type="button" className="quiet" onClick={() => pending?.()}>
          Discard
        </button>
      </div>
    </dialog>
  );
}
