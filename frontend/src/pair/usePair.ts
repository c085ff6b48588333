import { useCallback, useEffect, useReducer, useRef, useState } from "react";
import { isAbort, mayPass, messageOf } from "../api/errors";
import type { Area } from "../areas/area";
import type { Image, Mirror, TransformModel } from "../api/types";
import { uploadImage } from "../api/upload";
import type { Role } from "../frame/RoleName";
import type { Choice } from "./choice";
import { EMPTY, type Pair, type Upload, pairReducer, ready } from "./pair";

export interface PairControls {
  pair: Pair;
  pick: (role: Role, image: Image) => void; // choose an image that was uploaded before
  uploadFiles: (files: File[], first: Role) => void;
  setSpacing: (role: Role, text: string) => void;
  setAreas: (role: Role, areas: Area[]) => void;
  setImage: (image: Image) => void;
  choose: (role: Role, choice: Choice) => void; // an image of the file
  swap: () => void;
  mirror: Mirror;
  setMirror: (mirror: Mirror) => void;
  model: TransformModel;
  setModel: (model: TransformModel) => void;
}

/** The two images of the next registration; an image is uploaded when it is chosen. */
export function usePair(): PairControls {
  const [pair, dispatch] = useReducer(pairReducer, { fixed: EMPTY, moving: EMPTY });
  const [mirror, setMirror] = useState<Mirror>("no");
  const [model, setModel] = useState<TransformModel>("similarity");
  const uploads = useRef(new Map<number, AbortController>());
  const nextKey = useRef(1);

  useEffect(() => {
    for (const [key, abort] of uploads.current) {
      if (key !== pair.fixed.key && key !== pair.moving.key) abort.abort(); // replaced by another image
    }
  }, [pair]);

  const startUpload = useCallback((role: Role, file: File) => {
    const key = nextKey.current++;
    const abort = new AbortController();
    const update = (upload: Upload) => dispatch({ kind: "update", key, upload });
    const onProgress = (share: number) => update({ state: "sending", key, file, share });
    uploads.current.set(key, abort);
    dispatch({ kind: "start", role, upload: { state: "sending", key, file, share: 0 } });
    uploadImage(file, onProgress, abort.signal)
      .then(
        (image) => update(ready(key, image)),
        (error) =>
          isAbort(error) ||
          update({ state: "refused", key, file, message: messageOf(error), retry: mayPass(error) }),
      )
      .finally(() => uploads.current.delete(key));
  }, []);

  const pick = useCallback((role: Role, image: Image) => {
    dispatch({ kind: "start", role, upload: ready(nextKey.current++, image) });
  }, []);

  const uploadFiles = useCallback(
    (files: File[], first: Role) => {
      const [one, two] = files;
      if (one) startUpload(two ? "fixed" : first, one);
      if (two) startUpload("moving", two);
    },
    [startUpload],
  );

  const setSpacing = useCallback((role: Role, text: string) => dispatch({ kind: "space", role, text }), []);
  const setAreas = useCallback((role: Role, areas: Area[]) => dispatch({ kind: "areas", role, areas }), []);
  const setImage = useCallback((image: Image) => dispatch({ kind: "describe", image }), []);
  const choose = useCallback((role: Role, choice: Choice) => dispatch({ kind: "choose", role, choice }), []);
  const swap = useCallback(() => dispatch({ kind: "swap" }), []);
  const options = { mirror, setMirror, model, setModel };
  return { pair, pick, uploadFiles, setSpacing, setAreas, setImage, choose, swap, ...options };
}
