import { useCallback, useEffect, useState } from "react";
import { isAbort, mayPass, messageOf } from "../api/errors";
import type { Mirror, TransformModel } from "../api/types";
import { uploadImage } from "../api/upload";
import { type Choice, initialChoice } from "../pair/choice";
import { type PairingRule, type Row, type BatchFile, pairFiles } from "./pairing";

const AT_ONCE = 3;

export interface BatchControls {
  files: BatchFile[];
  rows: Row[];
  rule: PairingRule;
  mirror: Mirror;
  add: (files: File[]) => void;
  arrange: (rule: PairingRule) => void;
  setMirror: (mirror: Mirror) => void;
  model: TransformModel;
  setModel: (model: TransformModel) => void;
  choose: (key: number, choice: Choice) => void; // an image of a file
  setRow: (index: number, row: Row | null) => void; // null removes the pair
  clear: () => void;
}

let lastKey = 0;

/** Many files: a few uploads at a time, and an editable list of pairs. */
export function useBatch(): BatchControls {
  const [files, setFiles] = useState<BatchFile[]>([]);
  const [rows, setRows] = useState<Row[]>([]);
  const [rule, setArrangement] = useState<PairingRule>("neighbours");
  const [mirror, setMirror] = useState<Mirror>("no");
  const [model, setModel] = useState<TransformModel>("similarity");
  const [abort, setAbort] = useState(() => new AbortController());

  const update = useCallback((sent: BatchFile) => {
    setFiles((all) => all.map((one) => (one.key === sent.key ? sent : one)));
  }, []);

  useEffect(() => {
    const free = AT_ONCE - files.filter(({ state }) => state === "sending").length;
    for (const { key, file } of files
      .filter(({ state }) => state === "waiting")
      .slice(0, Math.max(free, 0))) {
      update({ state: "sending", key, file, share: 0 });
      uploadImage(file, (share) => update({ state: "sending", key, file, share }), abort.signal).then(
        (image) => update({ state: "ready", key, file, image, choice: initialChoice(image) }),
        (error) =>
          isAbort(error) ||
          update({ state: "refused", key, file, message: messageOf(error), retry: mayPass(error) }),
      );
    }
  }, [files, update, abort]);

  function add(chosen: File[]): void {
    const all = [...files, ...chosen.map((file): BatchFile => ({ state: "waiting", key: ++lastKey, file }))];
    setFiles(all);
    setRows(pairFiles(all, rule));
  }

  return {
    files,
    rows,
    rule,
    mirror,
    model,
    setModel,
    setMirror,
    add,
    arrange: (wanted) => {
      setArrangement(wanted);
      setRows(pairFiles(files, wanted));
    },
    choose: (key, choice) =>
      setFiles((all) =>
        all.map((one) => (one.key === key && one.state === "ready" ? { ...one, choice } : one)),
      ),
    setRow: (index, row) =>
      setRows((all) => all.flatMap((old, at) => (at !== index ? [old] : row ? [row] : []))),
    clear: () => {
      abort.abort();
      setAbort(new AbortController());
      setFiles([]);
      setRows([]);
      setMirror("no");
    },
  };
}
