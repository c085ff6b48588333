import { createBatch } from "../api/client";
import { planOfMany } from "../submit/plan";
import { SubmitBar } from "../submit/SubmitBar";
import { useSubmit } from "../submit/useSubmit";
import { useFocusKept } from "../frame/useFocusKept";
import { useTitle } from "../frame/useTitle";
import { useDropAnywhere } from "../pair/useDropAnywhere";
import { AsideList } from "./AsideList";
import { PairRow } from "./PairRow";
import "./batch.css";
import {
  PAIRING_RULES,
  type PairingRule,
  blockingReason,
  knownSpacings,
  pairsOf,
  usableRows,
} from "./pairing";
import type { RoleWords } from "./roleWords";
import type { BatchControls } from "./useBatch";

interface Props {
  many: BatchControls;
  onSubmitted: (batch: string) => void;
}

/** Form for many files: how they are paired, before submission. */
export function BatchForm({ many, onSubmitted }: Props) {
  const { files, rows, mirror, model } = many;
  const submitting = useSubmit();
  const usable = usableRows(files, rows);
  const count = `${usable.length} ${usable.length === 1 ? "pair" : "pairs"}`;
  useTitle("Register many pairs");
  useFocusKept(String(rows.length));
  useDropAnywhere(many.add);

  async function submit(): Promise<void> {
    const { id } = await createBatch({ pairs: pairsOf(files, usable), mirror, model });
    many.clear();
    onSubmitted(id);
  }

  return (
    <section className="many" aria-labelledby="many-title">
      <div className="many-head">
        <h1 id="many-title">
          {files.length} files, {count}
        </h1>
        <label>
          <span>Pair</span>
          <select
            value={many.rule}
            onChange={(event) => many.arrange(event.currentTarget.value as PairingRule)}
          >
            {Object.entries(PAIRING_RULES).map(([key, name]) => (
              <option key={key} value={key}>
                {name}
              </option>
            ))}
          </select>
        </label>
        {many.rule === "names" && <Words words={many.words} onWords={many.setWords} />}
      </div>
      <p className="hint">
        Drag an image onto another one to exchange them, or choose another file in its list.
      </p>
      <ul className="pair-rows">
        {rows.map((row, index) => (
          <PairRow
            key={index} // the focus stays in the row when its files change
            number={index + 1}
            row={row}
            files={files}
            onChoice={many.choose}
            onChange={(changed) => many.setRow(index, changed)}
            onExchange={many.exchange}
          />
        ))}
      </ul>
      {many.addRow && (
        <button type="button" className="add-pair" onClick={many.addRow}>
          Add a pair of files that were set aside
        </button>
      )}
      <AsideList aside={many.aside} files={files} />
      <SubmitBar
        label={`Register ${count}`}
        plan={
          usable.length > 0 ? planOfMany(usable.length, knownSpacings(files, usable), mirror, model) : null
        }
        missing={blockingReason(files, usable)}
        submitting={submitting}
        onSubmit={submit}
        mirror={mirror}
        model={model}
        onModel={many.setModel}
        onMirror={many.setMirror}
      >
        <button type="button" className="quiet" onClick={many.clear}>
          Discard
        </button>
      </SubmitBar>
    </section>
  );
}

/** The words that fixed and moving images have in their names. */
function Words({ words, onWords }: { words: RoleWords; onWords: (words: RoleWords) => void }) {
  return (["fixed", "moving"] as const).map((role) => (
    <label key={role} className="pair-word">
      <span>{role === "fixed" ? "Fixed" : "Moving"}</span>
      <input
        type="text"
        className="field"
        aria-label={`Word in the names of ${role} images`}
        value={words[role]}
        onChange={(event) => onWords({ ...words, [role]: event.currentTarget.value })}
      />
    </label>
  ));
}
