import { useEffect, useRef, useState } from "react";
import { ProblemNote } from "../frame/ProblemNote";
import { fixedDigits, pixels } from "../quantities";
import type { Sizes } from "../viewer/geometry";
import { LeaveDialog } from "./LeaveDialog";
import { useLeaving } from "./leaving";
import { ParameterFields } from "./ParameterFields";
import { residual } from "./similarity";
import { TOOLS, type Tool } from "./tools";
import type { ManualAlignment } from "./useManualAlignment";

interface Props {
  alignment: ManualAlignment;
  sizes: Sizes;
  problem: string | null;
  onSave: (note: string) => Promise<void>;
  onClose: () => void;
}

const HINTS: Record<Tool, string> = {
  look: "Drag to pan the view.",
  move: "Drag the moving image, or press the arrow keys: 1 px of the fixed image, with Shift 10 px.",
  turn: "Drag around the centre of the image, or press the arrow keys: 0.1°, with Shift 1°.",
  scale: "Drag away from the centre of the image, or press the arrow keys: 0.1 %, with Shift 1 %.",
  points:
    "Click a feature in the fixed image, then the same feature in the moving image; two pairs determine the transform. With the keyboard: pan the feature to the middle and press Enter.",
};

/** Tools of the manual alignment, and saving it. */
export function CorrectionPanel({ alignment, sizes, problem, onSave, onClose }: Props) {
  const [note, setNote] = useState("");
  const [saving, setSaving] = useState(false);
  const leaving = useLeaving(alignment.changed && !saving);
  const tools = useRef<HTMLFieldSetElement>(null);
  useEffect(
    () => tools.current?.querySelector<HTMLInputElement>("input:checked")?.focus({ preventScroll: true }),
    [],
  );
  const save = async () => {
    setSaving(true);
    await onSave(note);
    setSaving(false);
  };
  return (
    <section className="correct" aria-labelledby="correct-title">
      <h2 id="correct-title">Correct by hand</h2>
      <fieldset className="segments" ref={tools}>
        <legend>Tool</legend>
        {(Object.keys(TOOLS) as Tool[]).map((tool) => (
          <label key={tool}>
            <input
              type="radio"
              name="tool"
              checked={alignment.tool === tool}
              onChange={() => alignment.setTool(tool)}
            />
            <span>{TOOLS[tool]}</span>
          </label>
        ))}
      </fieldset>
      <p className="hint" role="status">
        {alignment.pendingPoint ? "Now click the same feature in the moving image." : HINTS[alignment.tool]}
      </p>
      {alignment.pairs.length > 0 && <Pairs alignment={alignment} />}
      <ParameterFields matrix={alignment.matrix} sizes={sizes} onChange={alignment.set} />
      <label className="note">
        <span>Note</span>
        <input
          type="text"
          className="field"
          maxLength={2000}
          value={note}
          placeholder="optional"
          onChange={(event) => setNote(event.currentTarget.value)}
        />
      </label>
      <div className="correct-actions">
        <button
          type="button"
          className="primary"
          disabled={!alignment.changed || saving}
          onClick={() => void save()}
        >
          {saving ? "Saving…" : "Save correction"}
        </button>
        <button type="button" className="quiet" disabled={!alignment.changed} onClick={alignment.undo}>
          Undo
        </button>
        <button type="button" className="quiet" onClick={() => leaving.ask(onClose)}>
          Close
        </button>
      </div>
      <LeaveDialog leaving={leaving} />
      {problem && <ProblemNote title="Not saved:">{problem}</ProblemNote>}
    </section>
  );
}

function Pairs({ alignment }: { alignment: ManualAlignment }) {
  return (
    <ol className="point-pairs">
      {alignment.pairs.map((pair, index) => (
        <li key={index}>
          <span>
            Pair {index + 1} at {fixedDigits(pair.fixed.x, 0)}, {fixedDigits(pair.fixed.y, 0)}
          </span>
          <span>{pixels(residual(pair, alignment.matrix), 1)} apart</span>
          <button
            type="button"
            className="link"
            aria-label={`Remove pair ${index + 1}`}
            onClick={() => alignment.removePair(pair)}
          >
            Remove
          </button>
        </li>
      ))}
    </ol>
  );
}
