import { useEffect, useState } from "react";

const DURATION_MS = 260;

/** Animate a value to 0 or 1; change it at once if the user prefers reduced motion. */
export function useAnimatedValue(target: 0 | 1): number {
  const [share, setShare] = useState<number>(target);
  useEffect(() => {
    if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) return setShare(target);
    let frame = 0;
    const start = performance.now();
    const step = (now: number) => {
      const done = Math.min((now - start) / DURATION_MS, 1);
      setShare((last) => (done === 1 ? target : last + (target - last) * done));
      if (done < 1) frame = window.requestAnimationFrame(step);
    };
    frame = window.requestAnimationFrame(step);
    return () => window.cancelAnimationFrame(frame);
  }, [target]);
  return share;
}
