import { useEffect, useState } from "react";

export type Preview = HTMLImageElement | "loading" | "missing";

export function usePreview(url: string): Preview {
  const [preview, setPreview] = useState<Preview>("loading");
  useEffect(() => {
    let wanted = true;
    const image = new Image();
    image.src = url;
    setPreview("loading");
    image.decode().then(
      () => wanted && setPreview(image),
      () => wanted && setPreview("missing"),
    );
    return () => {
      wanted = false;
    };
  }, [url]);
  return preview;
}
