import { createBatch } from "../api/client";
import { SubmitBar } from "../submit/SubmitBar";
import { useSubmit } from "../submit/useSubmit";
import { PairRow } from "./PairRow";
import "./batch.css";
import { PAIRING_RULES, type PairingRule, blockingReason, pairsOf } from "./pairing";
import type { BatchControls } from "./useBatch";

interface Props {
  many: BatchControls;
  onSubmitted: (batch: string) => void;
}

/** Form for many files: how they are paired, before submission. */
export function BatchForm({ many, onSubmitted }: Props) {
  const { files, rows, mirror, model } = many;
  const submitting = useSubmit();
  const count = `${rows.length} ${rows.length === 1 ? "pair" : "pairs"}`;

  async function submit(): Promise<void> {
    const { id } = await createBatch({ pairs: pairsOf(files, rows), mirror, model });
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
      </div>
      <ul className="pair-rows">
        {rows.map((row, index) => (
          <PairRow
            key={`${index}-${row.fixed}-${row.moving}`}
            number={index + 1}
            row={row}
            files={files}
            onChoice={many.choose}
            onChange={(changed) => many.setRow(index, changed)}
          />
        ))}
      </ul>
      <SubmitBar
        label={`Register ${count}`}
        missing={blockingReason(files, rows)}
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
