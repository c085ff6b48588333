import { useEffect, useState } from "react";
import { flickerRate } from "./modes";
import type { View } from "./view";

/** The current blend: the slider value, or 0 and 1 in turn in flicker mode. */
export function useFlicker({ mode, blend }: View): number {
  const [moving, setMoving] = useState(false);
  const pause = mode === "flicker" ? 1000 / flickerRate(blend) : null;
  useEffect(() => {
    if (pause === null) return;
    const timer = window.setInterval(() => setMoving((now) => !now), pause);
    return () => window.clearInterval(timer);
  }, [pause]);
  if (pause === null) return blend;
  return moving ? 1 : 0;
}
