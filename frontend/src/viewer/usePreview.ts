import { useEffect, useState } from "react";

export type Preview = HTMLImageElement | "loading" | "missing";

const [SOONEST_MS, LATEST_MS] = [2000, 60_000]; // until one that did not come is asked for again

export function usePreview(url: string): Preview {
  const [preview, setPreview] = useState<Preview>("loading");
  useEffect(() => {
    let wanted = true;
    let timer = 0;
    function load(pause: number): void {
      const image = new Image();
      image.src = url;
      image.decode().then(
        () => wanted && setPreview(image),
        () => {
          if (!wanted) return;
          setPreview("missing");
          timer = window.setTimeout(() => load(Math.min(2 * pause, LATEST_MS)), pause);
        },
      );
    }
    setPreview("loading");
    load(SOONEST_MS);
    return () => {
      wanted = false;
      window.clearTimeout(timer);
    };
  }, [url]);
  return preview;
}
