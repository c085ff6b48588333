import { useEffect, useState } from "react";

export type Preview = HTMLImageElement | "loading" | "missing";

const [MIN_RETRY_MS, MAX_RETRY_MS] = [2000, 60_000]; // delay before a failed download is repeated

/** The image at a URL; loading as long as the URL is null. */
export function usePreview(url: string | null): Preview {
  const [preview, setPreview] = useState<Preview>("loading");
  useEffect(() => {
    let wanted = true;
    let timer = 0;
    function load(delay: number): void {
      if (url === null) return;
      const image = new Image();
      image.src = url;
      image.decode().then(
        () => wanted && setPreview(image),
        () => {
          if (!wanted) return;
          setPreview("missing");
          timer = window.setTimeout(() => load(Math.min(2 * delay, MAX_RETRY_MS)), delay);
        },
      );
    }
    setPreview("loading");
    load(MIN_RETRY_MS);
    return () => {
      wanted = false;
      window.clearTimeout(timer);
    };
  }, [url]);
  return preview;
}
