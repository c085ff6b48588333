import { useEffect, useState } from "react";

export type Preview = HTMLImageElement | "loading" | "missing";

const [MIN_RETRY_MS, MAX_RETRY_MS] = [2000, 60_000]; // delay before a failed download is repeated

/** The image at a URL; loading as long as the URL is null. `smallFirst`: its small version until it is loaded. */
export function usePreview(url: string | null, smallFirst = false): Preview {
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
    if (url !== null && smallFirst) {
      const image = new Image();
      image.src = smallOf(url);
      image.decode().then(
        () => wanted && setPreview((now) => (now === "loading" ? image : now)),
        () => undefined, // the whole one follows
      );
    }
    load(MIN_RETRY_MS);
    return () => {
      wanted = false;
      window.clearTimeout(timer);
    };
  }, [url, smallFirst]);
  return preview;
}

const SMALL = "size=small";

/** The URL of the small version of a preview. */
export function smallOf(url: string): string {
  return `${url}${url.includes("?") ? "&" : "?"}${SMALL}`;
}

/** Whether a picture is the small version of a preview. */
export function isSmall({ src }: HTMLImageElement): boolean {
  return src.endsWith(SMALL);
}
