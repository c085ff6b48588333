import { useCallback, useRef, useState } from "react";
import type { Role } from "../frame/RoleName";
import type { Sizes } from "../viewer/geometry";
import { type History, advanced, begun, redone, undone } from "./history";
import { type PointPair, fitSimilarity, shiftedOnto } from "./similarity";
import { type Point, type Tool, dragged, nudged } from "./tools";

/** An unsaved correction. */
interface Draft {
  matrix: DOMMatrix; // fixed_from_moving
  pairs: PointPair[];
  pending: Partial<Record<Role, Point>>; // a point without its counterpart
}

/** Finds the moving point of a pair by the images, up to `reach` px of the fixed image away; null: undecided. */
export type MatchPoint = (fixed: Point, matrix: DOMMatrix, reach: number) => Promise<Snapped | null>;
export interface Snapped {
  moving: Point;
  error: number; // standard error, px of the fixed image
}

export type SnapState = "done" | "busy" | "undecided";

export interface ManualAlignment extends Draft {
  tool: Tool;
  changed: boolean;
  canUndo: boolean;
  canRedo: boolean;
  setTool: (tool: Tool) => void;
  beginDrag: () => void; // start a drag or an entry, which is one undo step
  setLive: (matrix: DOMMatrix) => void; // a part of an entry
  drag: (from: Point, to: Point) => void; // in points of the fixed image
  addPoint: (role: Role, at: Point, reach: number) => void; // in px of its own image
  movePoint: (index: number, role: Role, at: Point) => void; // a part of a drag
  nudge: (key: string, large: boolean) => boolean; // whether the key was used
  removePair: (pair: PointPair) => void;
  snapping: boolean; // each new pair is snapped
  snapState: SnapState;
  setSnapping: (on: boolean) => void;
  snapAll: () => void;
  undo: () => void;
  redo: () => void;
  reset: (matrix: DOMMatrix) => void;
}

const empty = (matrix: DOMMatrix): Draft => ({ matrix, pairs: [], pending: {} });

/** Manual alignment: move, rotate and scale the moving image, or fit it to point pairs; with undo and redo. */
export function useManualAlignment(start: DOMMatrix, sizes: Sizes, match: MatchPoint): ManualAlignment {
  const [history, setHistory] = useState<History<Draft>>(() => begun(empty(start)));
  const [tool, setTool] = useState<Tool>("move");
  const [snapping, setSnapping] = useState(true);
  const [snapState, setSnapState] = useState<SnapState>("done");
  const dragging = useRef(false); // the drag has a step already
  const reached = useRef(1); // of the last point
  const draft = history.now;

  const step = useCallback((change: (draft: Draft) => Partial<Draft>, merge = false) => {
    setHistory((all) => advanced(all, { ...all.now, ...change(all.now) }, merge));
  }, []);
  const drag = (change: (draft: Draft) => Partial<Draft>) => {
    step(change, dragging.current);
    dragging.current = true;
  };
  const withPairs = (pairs: PointPair[], matrix: DOMMatrix) => ({
    pairs,
    matrix: fitSimilarity(pairs, matrix),
  });

  function addPoint(role: Role, at: Point, reach: number): void {
    const { fixed, moving }: Draft["pending"] = { ...draft.pending, [role]: at };
    if (!fixed || !moving) return step(() => ({ pending: { [role]: at } }));
    const pair = { fixed, moving };
    const next = withPairs([...draft.pairs, pair], draft.matrix);
    step(() => ({ ...next, pending: {} }));
    reached.current = reach;
    if (snapping) void snap([pair], next.matrix, reach);
  }

  /** Move the moving points of pairs to what the images show at their fixed points. */
  async function snap(wanted: PointPair[], matrix: DOMMatrix, reach: number): Promise<void> {
    setSnapState("busy");
    const first = history.past[0]?.matrix ?? matrix; // angle and scale of few points are imprecise
    const found = await Promise.all(
      wanted.map(async (pair) => {
        const by = (start: DOMMatrix) => match(pair.fixed, shiftedOnto(pair, start), reach);
        return (await by(matrix)) ?? by(first);
      }),
    ).catch(() => [null]);
    setSnapState(found.includes(null) ? "undecided" : "done");
    setHistory((all) => {
      const { pairs, matrix } = all.now;
      const at = (pair: PointPair) => found[wanted.indexOf(pair)] ?? null;
      if (!pairs.some(at)) return all; // undone or removed in the meantime
      const snapped = pairs.map((pair) => (at(pair) ? { ...pair, ...at(pair) } : pair)); // others stay the same
      return advanced(all, { ...all.now, ...withPairs(snapped, matrix) });
    });
  }

  function nudge(key: string, large: boolean): boolean {
    const used = nudged(tool, draft.matrix, key, large, sizes) !== null;
    if (used) step(({ matrix }) => ({ matrix: nudged(tool, matrix, key, large, sizes) ?? matrix }));
    return used;
  }

  return {
    ...draft,
    tool,
    changed: history.past.length > 0,
    canUndo: history.past.length > 0,
    canRedo: history.future.length > 0,
    setTool,
    beginDrag: () => (dragging.current = false),
    setLive: (matrix) => drag(() => ({ matrix })),
    drag: (from, to) => drag(({ matrix }) => ({ matrix: dragged(tool, matrix, from, to, sizes) })),
    addPoint,
    movePoint: (index, role, at) =>
      drag(({ matrix, pairs }) => {
        const { fixed, moving }: PointPair = { ...pairs[index]!, [role]: at };
        return withPairs(pairs.with(index, { fixed, moving }), matrix);
      }),
    nudge,
    removePair: (pair) =>
      step(({ matrix, pairs }) =>
        withPairs(
          pairs.filter((other) => other !== pair),
          matrix,
        ),
      ),
    snapping,
    snapState,
    setSnapping,
    snapAll: () => void snap(draft.pairs, draft.matrix, reached.current),
    undo: () => setHistory(undone),
    redo: () => setHistory(redone),
    reset: (matrix) => setHistory(begun(empty(matrix))),
  };
}
