import { useEffect, useRef, useState } from "react";
import { ProblemNote } from "../frame/ProblemNote";
import { fixedDigits, pixels } from "../quantities";
import type { Sizes } from "../viewer/geometry";
import { ParameterFields } from "./ParameterFields";
import { residual } from "./similarity";
import { TOOLS, type Tool } from "./tools";
import type { Hand } from "./useHand";

interface Props {
  hand: Hand;
  sizes: Sizes;
  problem: string | null;
  onSave: (note: string) => Promise<void>;
  onLeave: () => void;
}

const HOW: Record<Tool, string> = {
  look: "Drag to see another part of the images.",
  move: "Drag the moving image, or press the arrow keys: 1 px of the fixed image, with Shift 10.",
  turn: "Drag around the image's centre, or press the arrow keys: 0.1°, with Shift 1°.",
  scale: "Drag away from the image's centre, or press the arrow keys: 0.1 %, with Shift 1 %.",
  points:
    "Click a spot of the fixed image, then the same spot of the moving one; two pairs lay it. With keys: bring the spot to the middle, press Enter.",
};

/** The tools with which a position is set by hand, and its keeping. */
export function CorrectPanel({ hand, sizes, problem, onSave, onLeave }: Props) {
  const [note, setNote] = useState("");
  const [saving, setSaving] = useState(false);
  const tools = useRef<HTMLFieldSetElement>(null);
  useEffect(() => tools.current?.querySelector<HTMLInputElement>("input:checked")?.focus({ preventScroll: true }), []);
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
            <input type="radio" name="tool" checked={hand.tool === tool} onChange={() => hand.setTool(tool)} />
            <span>{TOOLS[tool]}</span>
          </label>
        ))}
      </fieldset>
      <p className="hint" role="status">
        {hand.half ? "Now the same spot of the moving image." : HOW[hand.tool]}
      </p>
      {hand.pairs.length > 0 && <Pairs hand={hand} />}
      <ParameterFields matrix={hand.matrix} sizes={sizes} onChange={hand.set} />
      <label className="note">
        <span>Note</span>
        <input type="text" className="field" maxLength={2000} value={note} placeholder="optional" onChange={(event) => setNote(event.currentTarget.value)} />
      </label>
      <div className="correct-actions">
        <button type="button" className="primary" disabled={!hand.changed || saving} onClick={() => void save()}>
          {saving ? "Saving…" : "Save correction"}
        </button>
        <button type="button" className="quiet" disabled={!hand.changed} onClick={hand.undo}>
          Undo
        </button>
        <button type="button" className="quiet" onClick={onLeave}>
          Leave
        </button>
      </div>
      {problem && <ProblemNote title="Not saved:">{problem}</ProblemNote>}
    </section>
  );
}

function Pairs({ hand }: { hand: Hand }) {
  return (
    <ol className="point-pairs">
      {hand.pairs.map((pair, index) => (
        <li key={index}>
          <span>
            Pair {index + 1} at {fixedDigits(pair.fixed.x, 0)}, {fixedDigits(pair.fixed.y, 0)}
          </span>
          <span>{pixels(residual(pair, hand.matrix), 1)} apart</span>
          <button type="button" className="link" aria-label={`Remove pair ${index + 1}`} onClick={() => hand.drop(pair)}>
            Remove
          </button>
        </li>
      ))}
    </ol>
  );
}
