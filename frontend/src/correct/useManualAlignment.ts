import { useCallback, useState } from "react";
import type { Sizes } from "../viewer/geometry";
import { type PointPair, fitSimilarity } from "./similarity";
import { type Point, type Tool, dragged, nudged } from "./tools";

/** An unsaved correction. */
interface Draft {
  matrix: DOMMatrix; // fixed_from_moving
  pairs: PointPair[];
  pendingPoint: Point | null; // a fixed point without its moving point yet
}

export interface ManualAlignment extends Draft {
  tool: Tool;
  changed: boolean;
  setTool: (tool: Tool) => void;
  set: (matrix: DOMMatrix) => void;
  beginDrag: () => void; // start a drag, which is one undo step
  drag: (from: Point, to: Point) => void; // in points of the fixed image
  addPoint: (at: Point) => void;
  nudge: (key: string, large: boolean) => boolean; // whether the key was used
  removePair: (pair: PointPair) => void;
  undo: () => void;
  reset: (matrix: DOMMatrix) => void;
}

/** Manual alignment: move, rotate and scale the moving image, or fit it to point pairs; with undo. */
export function useManualAlignment(start: DOMMatrix, sizes: Sizes): ManualAlignment {
  const [drafts, setDrafts] = useState<Draft[]>([{ matrix: start, pairs: [], pendingPoint: null }]); // undo history, the last one is current
  const [tool, setTool] = useState<Tool>("move");
  const draft = drafts[drafts.length - 1]!;

  const step = useCallback((change: (draft: Draft) => Partial<Draft>, merge = false) => {
    setDrafts((all) => {
      const now = all[all.length - 1]!;
      return [...(merge && all.length > 1 ? all.slice(0, -1) : all), { ...now, ...change(now) }];
    });
  }, []);

  function nudge(key: string, large: boolean): boolean {
    const used = nudged(tool, draft.matrix, key, large, sizes) !== null;
    if (used) step(({ matrix }) => ({ matrix: nudged(tool, matrix, key, large, sizes) ?? matrix }));
    return used;
  }

  function addPoint(at: Point): void {
    if (tool !== "points") return;
    step(({ matrix, pairs, pendingPoint }) => {
      if (pendingPoint === null) return { pendingPoint: at };
      const all = [...pairs, { fixed: pendingPoint, moving: matrix.inverse().transformPoint(at) }];
      return { pairs: all, pendingPoint: null, matrix: fitSimilarity(all, matrix) };
    });
  }

  function removePair(pair: PointPair): void {
    step(({ matrix, pairs }) => {
      const left = pairs.filter((other) => other !== pair);
      return { pairs: left, matrix: fitSimilarity(left, matrix) };
    });
  }

  function undo(): void {
    setDrafts((all) => {
      const other = all.findLastIndex(
        (one) => one.matrix !== draft.matrix || one.pendingPoint !== draft.pendingPoint,
      );
      return all.slice(0, Math.max(other, 0) + 1);
    });
  }

  return {
    ...draft,
    tool,
    changed: draft.matrix !== drafts[0]!.matrix || draft.pendingPoint !== null,
    setTool,
    set: (matrix) => step(() => ({ matrix })),
    beginDrag: () => step(() => ({})),
    drag: (from, to) => step(({ matrix }) => ({ matrix: dragged(tool, matrix, from, to, sizes) }), true),
    addPoint,
    nudge,
    removePair,
    undo,
    reset: (matrix) => setDrafts([{ matrix, pairs: [], pendingPoint: null }]),
  };
}
