import { useEffect, useRef } from "react";

/** Move the focus to the page's heading when another view has replaced the one that had it. */
export function useFocusOnView(view: string): void {
  const last = useRef(view);
  useEffect(() => {
    if (last.current !== view) focusHeading();
    last.current = view;
  }, [view]);
}

/** Move the focus to the heading when the focused element has disappeared with a change of `state`. */
export function useFocusKept(state: string | undefined): void {
  const last = useRef(state);
  useEffect(() => {
    const changed = last.current !== undefined && last.current !== state;
    last.current = state;
    if (changed && (document.activeElement ?? document.body) === document.body) focusHeading();
  }, [state]);
}

function focusHeading(): void {
  const heading = document.querySelector<HTMLElement>("main h1");
  if (!heading) return;
  heading.tabIndex = -1; // focusable by script, not by Tab
  heading.focus({ preventScroll: true });
}
