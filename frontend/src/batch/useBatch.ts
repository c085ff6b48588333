import { useCallback, useEffect, useState } from "react";
import { isAbort, mayPass, messageOf } from "../api/errors";
import type { Mirror, TransformModel } from "../api/types";
import { uploadImage } from "../api/upload";
import { type Choice, initialChoice } from "../pair/choice";
import type { Role } from "../frame/RoleName";
import {
  type Aside,
  type BatchFile,
  type Pairing,
  type PairingRule,
  type Row,
  asideOf,
  inNameOrder,
  pairingOf,
  spareFiles,
} from "./pairing";
import { type RoleWords, guessWords } from "./roleWords";

const AT_ONCE = 3;

export interface BatchControls {
  files: BatchFile[];
  rows: Row[];
  aside: Aside[];
  rule: PairingRule;
  words: RoleWords;
  setWords: (words: RoleWords) => void;
  exchange: (from: Place, to: Place) => void; // the files at two places
  mirror: Mirror;
  add: (files: File[]) => void;
  arrange: (rule: PairingRule) => void;
  setMirror: (mirror: Mirror) => void;
  model: TransformModel;
  setModel: (model: TransformModel) => void;
  choose: (key: number, choice: Choice) => void; // an image of a file
  setRow: (index: number, row: Row | null) => void; // null removes the pair
  addRow: (() => void) | null; // pairs two files that were set aside; null where there are none
  clear: () => void;
}

/** A side of a pair, or a file that was set aside. */
export type Place = { row: number; role: Role } | { aside: number };

let lastKey = 0;

/** Many files: a few uploads at a time, and an editable list of pairs. */
export function useBatch(): BatchControls {
  const [files, setFiles] = useState<BatchFile[]>([]);
  const [{ rows, aside }, setPairing] = useState<Pairing>({ rows: [], aside: [] });
  const [rule, setRule] = useState<PairingRule>("neighbours");
  const [words, setWords] = useState<RoleWords>({ fixed: "fixed", moving: "moving" });
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
    const added = chosen.map((file): BatchFile => ({ state: "waiting", key: ++lastKey, file }));
    const all = inNameOrder([...files, ...added]);
    setFiles(all);
    const guessed = guessWords(all.map(({ file: { name } }) => name));
    arrange(all, guessed ? "names" : rule === "names" ? "neighbours" : rule, guessed ?? words);
  }

  function arrange(all: BatchFile[], wanted: PairingRule, by: RoleWords): void {
    setRule(wanted);
    setWords(by);
    setPairing(pairingOf(all, wanted, by));
  }

  function fileAt(place: Place): number | undefined {
    return "aside" in place ? place.aside : rows[place.row]?.[place.role];
  }

  function exchange(from: Place, to: Place): void {
    const [one, other] = [fileAt(from), fileAt(to)];
    if (one === undefined || other === undefined || one === other) return;
    const put = (all: Row[], place: Place, key: number) =>
      "aside" in place ? all : all.map((row, at) => (at === place.row ? { ...row, [place.role]: key } : row));
    change(put(put(rows, from, other), to, one));
  }

  function change(now: Row[]): void {
    setPairing({ rows: now, aside: asideOf(files, now, aside) });
  }

  const spare = spareFiles(files, aside, words);
  return {
    files,
    rows,
    aside,
    words,
    setWords: (by) => arrange(files, "names", by),
    exchange,
    rule,
    mirror,
    model,
    setModel,
    setMirror,
    add,
    arrange: (wanted) => arrange(files, wanted, words),
    choose: (key, choice) =>
      setFiles((all) =>
        all.map((one) => (one.key === key && one.state === "ready" ? { ...one, choice } : one)),
      ),
    setRow: (index, row) => change(rows.flatMap((old, at) => (at !== index ? [old] : row ? [row] : []))),
    addRow: spare && (() => change([...rows, spare])),
    clear: () => {
      abort.abort();
      setAbort(new AbortController());
      setFiles([]);
      setPairing({ rows: [], aside: [] });
      setMirror("no");
    },
  };
}
