import { useCallback, useEffect, useState } from "react";
import { isAbort, messageOf } from "../api/problems";
import type { Mirror } from "../api/types";
import { uploadImage } from "../api/upload";
import { type Arrangement, type Row, type Sent, arranged } from "./pairing";

const AT_ONCE = 3;

export interface Many {
  files: Sent[];
  rows: Row[];
  arrangement: Arrangement;
  mirror: Mirror;
  add: (files: File[]) => void;
  arrange: (arrangement: Arrangement) => void;
  setMirror: (mirror: Mirror) => void;
  setRow: (index: number, row: Row | null) => void; // null: without this pair
  clear: () => void;
}

let lastKey = 0;

/** Many files at once: each is uploaded, a few at a time, and how they are paired can be changed. */
export function useMany(): Many {
  const [files, setFiles] = useState<Sent[]>([]);
  const [rows, setRows] = useState<Row[]>([]);
  const [arrangement, setArrangement] = useState<Arrangement>("neighbours");
  const [mirror, setMirror] = useState<Mirror>("no");
  const [abort, setAbort] = useState(() => new AbortController());

  const update = useCallback((sent: Sent) => {
    setFiles((all) => all.map((one) => (one.key === sent.key ? sent : one)));
  }, []);

  useEffect(() => {
    const free = AT_ONCE - files.filter(({ state }) => state === "sending").length;
    for (const { key, file } of files.filter(({ state }) => state === "waiting").slice(0, Math.max(free, 0))) {
      update({ state: "sending", key, file, share: 0 });
      uploadImage(file, (share) => update({ state: "sending", key, file, share }), abort.signal).then(
        (image) => update({ state: "ready", key, file, image }),
        (error) => isAbort(error) || update({ state: "refused", key, file, message: messageOf(error) }),
      );
    }
  }, [files, update, abort]);

  function add(chosen: File[]): void {
    const all = [...files, ...chosen.map((file): Sent => ({ state: "waiting", key: ++lastKey, file }))];
    setFiles(all);
    setRows(arranged(all, arrangement));
  }

  return {
    files,
    rows,
    arrangement,
    mirror,
    setMirror,
    add,
    arrange: (wanted) => {
      setArrangement(wanted);
      setRows(arranged(files, wanted));
    },
    setRow: (index, row) => setRows((all) => all.flatMap((old, at) => (at !== index ? [old] : row ? [row] : []))),
    clear: () => {
      abort.abort();
      setAbort(new AbortController());
      setFiles([]);
      setRows([]);
      setMirror("no");
    },
  };
}
