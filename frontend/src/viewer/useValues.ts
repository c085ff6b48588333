import { useEffect, useState } from "react";
import { readImageValues } from "../api/client";
import type { Registration } from "../api/types";
import type { Role } from "../frame/RoleName";
import { sourceOf } from "./source";

export type Values = Record<Role, (number | null)[]>;
type Points = Record<Role, { x: number; y: number }[]>;

const RESTED_MS = 120; // nothing is requested while the pointer moves

/** The original values of both images at points; null until they are there, and while there are no points. */
export function useValues(
  registration: Registration,
  points: Points | null,
  interpolation: "nearest" | "linear",
): Values | null {
  const [found, setFound] = useState<{ key: string; values: Values } | null>(null);
  const [id, at] = [registration.id, JSON.stringify(points)];
  const key = `${id} ${at}`;
  useEffect(() => {
    const wanted = JSON.parse(at) as Points | null;
    if (!wanted || wanted.fixed.length === 0) return;
    const abort = new AbortController();
    const read = async (role: Role) => {
      const { id, query } = sourceOf(registration, role);
      const points = wanted[role].map(({ x, y }): [number, number] => [clamped(x), clamped(y)]);
      return (await readImageValues(id, query, { points, interpolation }, abort.signal)).values;
    };
    const timer = window.setTimeout(() => {
      Promise.all([read("fixed"), read("moving")]).then(
        ([fixed, moving]) => setFound({ key, values: { fixed, moving } }),
        () => undefined, // shown at the next rest
      );
    }, RESTED_MS);
    return () => {
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [registration, at, key, interpolation]);
  return found?.key === key ? found.values : null;
}

function clamped(value: number): number {
  return Math.min(Math.max(value, -1e9), 1e9);
}
