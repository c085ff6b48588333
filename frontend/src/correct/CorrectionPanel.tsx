import { useEffect, useRef, useState } from "react";
import { ProblemNote } from "../frame/ProblemNote";
import type { Sizes } from "../viewer/geometry";
import { LeaveDialog } from "./LeaveDialog";
import { useLeaving } from "./leaving";
import { ParameterFields } from "./ParameterFields";
import { PointList } from "./PointList";
import { PointOptions } from "./PointOptions";
import { TOOLS, type Tool } from "./tools";
import { useUndoKeys } from "./useUndoKeys";
import type { ManualAlignment } from "./useManualAlignment";

interface Props {
  alignment: ManualAlignment;
  sizes: Sizes;
  spacing: number | null; // um for each px of the fixed image
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
    "Click a feature in one image, then the same feature in the other; drag a point to move it. Two pairs determine the transform, further ones show residuals. With the keyboard: pan the feature to the cross and press Enter.",
};

function hintFor({ tool, pending }: ManualAlignment): string {
  if (tool !== "points" || !(pending.fixed || pending.moving)) return HINTS[tool];
  return `Now the same feature in the ${pending.fixed ? "moving" : "fixed"} image.`;
}

/** Tools of the manual alignment, and saving it. */
export function CorrectionPanel({ alignment, sizes, spacing, problem, onSave, onClose }: Props) {
  const [note, setNote] = useState("");
  const [saving, setSaving] = useState(false);
  const leaving = useLeaving(alignment.changed && !saving);
  useUndoKeys(alignment);
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
        {hintFor(alignment)}
      </p>
      {alignment.tool === "points" && <PointOptions alignment={alignment} />}
      {alignment.pairs.length > 0 && <PointList alignment={alignment} spacing={spacing} />}
      <ParameterFields
        matrix={alignment.matrix}
        sizes={sizes}
        onBegin={alignment.beginDrag}
        onChange={alignment.setLive}
      />
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
        <button type="button" className="quiet" disabled={!alignment.canUndo} onClick={alignment.undo}>
          Undo
        </button>
        <button type="button" className="quiet" disabled={!alignment.canRedo} onClick={alignment.redo}>
          Redo
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
