import { useCallback, useEffect, useState } from "react";
import { adjustAddress } from "../url";
import { onPlace } from "./showPlace";
import { type View, readView, writeView } from "./view";

const SETTLED_MS = 250; // browsers limit the rate of URL changes

export type ChangeView = (change: Partial<View> | ((view: View) => Partial<View>)) => void;

/** The view: read from the URL once, written to it after changes have settled. */
export function useView(): [View, ChangeView] {
  const [view, setView] = useState(() => readView(new URLSearchParams(window.location.search)));
  const change = useCallback<ChangeView>((wanted) => {
    setView((view) => ({ ...view, ...(typeof wanted === "function" ? wanted(view) : wanted) }));
  }, []);
  useEffect(() => onPlace((camera) => change({ camera })), [change]);
  useEffect(() => {
    const timer = window.setTimeout(() => adjustAddress(writeView(view)), SETTLED_MS);
    return () => window.clearTimeout(timer);
  }, [view]);
  return [view, change];
}
