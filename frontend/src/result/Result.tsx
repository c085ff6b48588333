import { type RefObject, useEffect, useMemo, useRef, useState } from "react";
import type { Registration, Result as ResultData } from "../api/types";
import { CorrectPanel } from "../correct/CorrectPanel";
import { CorrectionList } from "../correct/CorrectionList";
import "../correct/correct.css";
import { useCorrections } from "../correct/useCorrections";
import { useHand } from "../correct/useHand";
import { adjustAddress, useAddress } from "../url";
import { Viewer } from "../viewer/Viewer";
import { affine, matrix3, sizeOf } from "../viewer/geometry";
import { CorrectedParameters } from "./CorrectedParameters";
import { Crops } from "./Crops";
import { Parameters } from "./Parameters";
import { Provenance } from "./Provenance";
import { SearchPlot } from "./SearchPlot";
import { TakeHome } from "./TakeHome";
import { VerdictNote } from "./VerdictNote";

interface Props {
  registration: Registration;
  result: ResultData;
}

/** What was found, what somebody set by hand instead, and what can be taken home of it. */
export function Result({ registration, result }: Props) {
  const sizes = useMemo(() => ({ fixed: sizeOf(result.fixed.shape), moving: sizeOf(result.moving.shape) }), [result]);
  const corrections = useCorrections(registration.id);
  const shown = useAddress().get("correction");
  const correction = corrections.items.find(({ id }) => id === shown) ?? null;
  const placed = useMemo(() => correction && affine(correction.fixed_from_moving), [correction]);
  const current = useMemo(() => placed ?? affine(result.fixed_from_moving), [placed, result]);
  const [correcting, setCorrecting] = useState(false);
  const hand = useHand(current, sizes);
  const opener = useOpener(correcting);

  function begin(): void {
    hand.restart(current);
    setCorrecting(true);
  }

  async function save(note: string): Promise<void> {
    const kept = await corrections.save(matrix3(hand.matrix), note);
    if (!kept) return;
    adjustAddress({ correction: kept.id });
    setCorrecting(false);
  }

  return (
    <div className="result">
      <div className="result-main">
        <Viewer registration={registration} result={result} placed={correcting ? hand.matrix : placed} hand={correcting ? hand : null} />
        {!correcting && <Crops registration={registration} sizes={sizes} fixedFromMoving={current} />}
      </div>
      {correcting ? (
        <div className="result-side">
          <CorrectPanel hand={hand} sizes={sizes} problem={corrections.problem} onSave={save} onLeave={() => setCorrecting(false)} />
        </div>
      ) : (
        <div className="result-side">
          <VerdictNote verdict={result.verdict} reason={result.reason} />
          <section aria-labelledby="parameters-title">
            <h2 id="parameters-title">Moving onto fixed</h2>
            {placed ? <CorrectedParameters result={result} placed={placed} sizes={sizes} /> : <Parameters result={result} />}
            {result.mirror && <p className="hint">The moving image is mirrored.</p>}
            {result.shift_um === null && <p className="hint">In pixels only: the fixed image has no pixel spacing.</p>}
          </section>
          {result.search && <SearchPlot result={result} map={result.search} />}
          <CorrectionList items={corrections.items} shown={correction && correction.id} onShow={(id) => adjustAddress({ correction: id })} />
          <button type="button" ref={opener} onClick={begin}>
            Correct by hand
          </button>
          <TakeHome registration={registration} result={result} correction={correction} />
          <Provenance registration={registration} result={result} />
        </div>
      )}
    </div>
  );
}

/** The button to which the focus goes back when what it opened is left. */
function useOpener(open: boolean): RefObject<HTMLButtonElement | null> {
  const opener = useRef<HTMLButtonElement>(null);
  const was = useRef(open);
  useEffect(() => {
    if (was.current && !open) opener.current?.focus({ preventScroll: true });
    was.current = open;
  }, [open]);
  return opener;
}
