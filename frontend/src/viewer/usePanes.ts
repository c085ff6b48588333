import { useCallback, useState } from "react";
import type { ManualAlignment } from "../correct/useManualAlignment";
import type { Sizes } from "./geometry";
import { type Panes, wholePanes } from "./panes";
import type { CanvasSize } from "./useCanvasSize";

export type ChangePanes = (change: Panes | ((panes: Panes) => Panes)) => void;

/** The panes while points are picked, else null; they stay the same while another tool is used in between. */
export function usePanes(
  alignment: ManualAlignment | null,
  sizes: Sizes,
  canvas: CanvasSize,
): [Panes | null, ChangePanes] {
  const [panes, setPanes] = useState<Panes | null>(null);
  const picking = alignment?.tool === "points";
  if (picking && panes === null) setPanes(wholePanes(sizes, alignment.matrix, canvas));
  if (alignment === null && panes !== null) setPanes(null);
  const change = useCallback<ChangePanes>(
    (wanted) => setPanes((now) => now && (typeof wanted === "function" ? wanted(now) : wanted)),
    [],
  );
  return [picking ? panes : null, change];
}
