import { useEffect, useState } from "react";

const TAKES_MS = 260;

/** Goes to 0 or 1 in a moment; at once where someone wants less motion. */
export function useGlide(target: 0 | 1): number {
  const [share, setShare] = useState<number>(target);
  useEffect(() => {
    if (window.matchMedia("(prefers-reduced-motion: reduce)").matches) return setShare(target);
    let frame = 0;
    const begun = performance.now();
    const step = (now: number) => {
      const done = Math.min((now - begun) / TAKES_MS, 1);
      setShare((last) => (done === 1 ? target : last + (target - last) * done));
      if (done < 1) frame = window.requestAnimationFrame(step);
    };
    frame = window.requestAnimationFrame(step);
    return () => window.cancelAnimationFrame(frame);
  }, [target]);
  return share;
}
