import { useEffect, useState } from "react";
import { getImage } from "../api/client";
import type { Image, Registration } from "../api/types";

/** The file of the moving image, with the list of its channels; null until it is loaded. */
export function useMovingFile({ moving_image_id }: Registration): Image | null {
  const [image, setImage] = useState<Image | null>(null);
  useEffect(() => {
    const abort = new AbortController();
    getImage(moving_image_id, abort.signal).then(setImage, () => undefined); // without it, files can be dropped
    return () => abort.abort();
  }, [moving_image_id]);
  return image;
}
