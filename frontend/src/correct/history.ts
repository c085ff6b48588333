/** States with those before and after them, for undo and redo. */
export interface History<T> {
  past: T[];
  now: T;
  future: T[]; // the next one first
}

export function begun<T>(now: T): History<T> {
  return { past: [], now, future: [] };
}

/** The history with a new state; `merge` replaces the present one instead of keeping it. */
export function advanced<T>({ past, now }: History<T>, next: T, merge = false): History<T> {
  return { past: merge ? past : [...past, now], now: next, future: [] };
}

export function undone<T>({ past, now, future }: History<T>): History<T> {
  const before = past.at(-1);
  return before === undefined
    ? { past, now, future }
    : { past: past.slice(0, -1), now: before, future: [now, ...future] };
}

export function redone<T>({ past, now, future }: History<T>): History<T> {
  const [next, ...later] = future;
  return next === undefined ? { past, now, future } : { past: [...past, now], now: next, future: later };
}
