import { useEffect, useState } from "react";
import { flickerRate } from "./modes";
import type { View } from "./view";

/** The blend to be drawn: the slider's, or now the fixed and now the moving image where they flicker. */
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
