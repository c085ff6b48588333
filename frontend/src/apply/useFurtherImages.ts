import { useCallback, useEffect, useRef, useState } from "react";
import { isAbort, messageOf } from "../api/errors";
import type { Image } from "../api/types";
import { uploadImage } from "../api/upload";

/** The upload of one further image. */
export type Further =
  | { state: "waiting" | "sending"; key: number; file: File }
  | { state: "refused"; key: number; file: File; message: string }
  | { state: "ready"; key: number; file: File; image: Image };

const AT_ONCE = 3;
let lastKey = 0;

/** Further images of the moving scan, uploaded a few at a time. */
export function useFurtherImages(): {
  images: Further[];
  add: (files: File[]) => void;
  remove: (key: number) => void;
} {
  const [images, setImages] = useState<Further[]>([]);
  const abort = useRef(new AbortController());
  useEffect(() => {
    const controller = new AbortController();
    abort.current = controller;
    return () => controller.abort();
  }, []);

  useEffect(() => {
    const update = (one: Further) =>
      setImages((all) => all.map((other) => (other.key === one.key ? one : other)));
    const free = AT_ONCE - images.filter(({ state }) => state === "sending").length;
    for (const { key, file } of images
      .filter(({ state }) => state === "waiting")
      .slice(0, Math.max(free, 0))) {
      update({ state: "sending", key, file });
      uploadImage(file, () => undefined, abort.current.signal).then(
        (image) => update({ state: "ready", key, file, image }),
        (error) => isAbort(error) || update({ state: "refused", key, file, message: messageOf(error) }),
      );
    }
  }, [images]);

  const add = useCallback((files: File[]) => {
    const added = files.map((file): Further => ({ state: "waiting", key: ++lastKey, file }));
    setImages((all) => [...all, ...added]);
  }, []);
  const remove = useCallback((key: number) => setImages((all) => all.filter((one) => one.key !== key)), []);
  return { images, add, remove };
}
