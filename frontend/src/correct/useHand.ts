import { useCallback, useState } from "react";
import type { Sizes } from "../viewer/geometry";
import { type PointPair, fitted } from "./similarity";
import { type Point, type Tool, dragged, nudged } from "./tools";

/** A correction in the making. */
interface Draft {
  matrix: DOMMatrix; // fixed from moving
  pairs: PointPair[];
  half: Point | null; // the fixed point whose partner is still to be shown
}

export interface Hand extends Draft {
  tool: Tool;
  changed: boolean;
  setTool: (tool: Tool) => void;
  set: (matrix: DOMMatrix) => void;
  begin: () => void; // of a drag, which is one step
  drag: (from: Point, to: Point) => void; // points of the fixed image
  tap: (at: Point) => void;
  nudge: (key: string, far: boolean) => boolean; // whether the key meant something
  drop: (pair: PointPair) => void;
  undo: () => void;
  restart: (matrix: DOMMatrix) => void;
}

/** Moves, turns and scales the moving image by hand, or lays it by pairs of points; each step can be undone. */
export function useHand(start: DOMMatrix, sizes: Sizes): Hand {
  const [drafts, setDrafts] = useState<Draft[]>([{ matrix: start, pairs: [], half: null }]); // the last one is shown
  const [tool, setTool] = useState<Tool>("move");
  const draft = drafts[drafts.length - 1]!;

  const step = useCallback((change: (draft: Draft) => Partial<Draft>, merge = false) => {
    setDrafts((all) => {
      const now = all[all.length - 1]!;
      return [...(merge && all.length > 1 ? all.slice(0, -1) : all), { ...now, ...change(now) }];
    });
  }, []);

  function nudge(key: string, far: boolean): boolean {
    const meant = nudged(tool, draft.matrix, key, far, sizes) !== null;
    if (meant) step(({ matrix }) => ({ matrix: nudged(tool, matrix, key, far, sizes) ?? matrix }));
    return meant;
  }

  function tap(at: Point): void {
    if (tool !== "points") return;
    step(({ matrix, pairs, half }) => {
      if (half === null) return { half: at };
      const all = [...pairs, { fixed: half, moving: matrix.inverse().transformPoint(at) }];
      return { pairs: all, half: null, matrix: fitted(all, matrix) };
    });
  }

  function drop(pair: PointPair): void {
    step(({ matrix, pairs }) => {
      const left = pairs.filter((other) => other !== pair);
      return { pairs: left, matrix: fitted(left, matrix) };
    });
  }

  function undo(): void {
    setDrafts((all) => {
      const other = all.findLastIndex((one) => one.matrix !== draft.matrix || one.half !== draft.half);
      return all.slice(0, Math.max(other, 0) + 1);
    });
  }

  return {
    ...draft,
    tool,
    changed: draft.matrix !== drafts[0]!.matrix || draft.half !== null,
    setTool,
    set: (matrix) => step(() => ({ matrix })),
    begin: () => step(() => ({})),
    drag: (from, to) => step(({ matrix }) => ({ matrix: dragged(tool, matrix, from, to, sizes) }), true),
    tap,
    nudge,
    drop,
    undo,
    restart: (matrix) => setDrafts([{ matrix, pairs: [], half: null }]),
  };
}
