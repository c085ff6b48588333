import { createBatch } from "../api/client";
import { SubmitBar } from "../submit/SubmitBar";
import { useSubmit } from "../submit/useSubmit";
import { PairRow } from "./PairRow";
import "./many.css";
import { ARRANGEMENTS, type Arrangement, hindrance, pairsOf } from "./pairing";
import type { Many } from "./useMany";

interface Props {
  many: Many;
  onSubmitted: (batch: string) => void;
}

/** How many files are paired, before anything is submitted. */
export function ManyForm({ many, onSubmitted }: Props) {
  const { files, rows, mirror } = many;
  const submitting = useSubmit();
  const count = `${rows.length} ${rows.length === 1 ? "pair" : "pairs"}`;

  async function submit(): Promise<void> {
    const { id } = await createBatch({ pairs: pairsOf(files, rows), mirror });
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
          <select value={many.arrangement} onChange={(event) => many.arrange(event.currentTarget.value as Arrangement)}>
            {Object.entries(ARRANGEMENTS).map(([key, name]) => (
              <option key={key} value={key}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </div>
      <ul className="pair-rows">
        {rows.map((row, index) => (
          <PairRow key={`${index}-${row.fixed}-${row.moving}`} number={index + 1} row={row} files={files} onChange={(changed) => many.setRow(index, changed)} />
        ))}
      </ul>
      <SubmitBar
        label={`Register ${count}`}
        missing={hindrance(files, rows)}
        submitting={submitting}
        onSubmit={submit}
        mirror={mirror}
        onMirror={many.setMirror}
      >
        <button type="button" className="quiet" onClick={many.clear}>
          Discard
        </button>
      </SubmitBar>
    </section>
  );
}
