import { type RefObject, useEffect, useMemo, useRef, useState } from "react";
import { matchPoint } from "../api/client";
import type { Point, Registration, Result as ResultData } from "../api/types";
import { ApplyPanel } from "../apply/ApplyPanel";
import { CorrectionPanel } from "../correct/CorrectionPanel";
import { CorrectionList } from "../correct/CorrectionList";
import "../correct/correct.css";
import { useCorrections } from "../correct/useCorrections";
import { type MatchPoint, useManualAlignment } from "../correct/useManualAlignment";
import { adjustAddress, batchHref, open, useAddress } from "../url";
import { Viewer } from "../viewer/Viewer";
import { detailOf } from "../viewer/detail";
import { affine, matrix3, sizeOf } from "../viewer/geometry";
import { CorrectedParameters } from "./CorrectedParameters";
import { Crops } from "./Crops";
import { Details } from "./Details";
import { FieldMap } from "./FieldMap";
import { Parameters } from "./Parameters";
import { Places } from "./Places";
import { Provenance } from "./Provenance";
import { SearchPlot } from "./SearchPlot";
import { Downloads } from "./Downloads";
import { likelyPlaces, placeParameter, shownPlace } from "./likelyPlaces";
import { PREDICTED, correctionParameter, shownCorrection } from "./position";
import { transformWords } from "./transformWords";
import { UsedAreas } from "./UsedAreas";
import { CorrectedNote, VerdictNote } from "./VerdictNote";

interface Props {
  registration: Registration;
  result: ResultData; // the prediction
  onCorrected: () => void;
}

/** The result with its overlay, manual corrections and downloads. */
export function Result({ registration, result, onCorrected }: Props) {
  const sizes = useMemo(
    () => ({ fixed: sizeOf(result.fixed.shape), moving: sizeOf(result.moving.shape) }),
    [result],
  );
  const corrections = useCorrections(registration);
  const address = useAddress();
  const correction = shownCorrection(corrections.items, address.get("correction"));
  const position = correctionParameter(corrections.items, correction);
  const corrected = useMemo(() => correction && affine(correction.fixed_from_moving), [correction]);
  const places = useMemo(() => (correction ? [] : likelyPlaces(result)), [correction, result]);
  const place = shownPlace(places, address.get("place"));
  const other = useMemo(
    () => corrected ?? (place > 0 ? affine(places[place]!.fixed_from_moving) : null),
    [corrected, places, place],
  );
  const current = useMemo(() => other ?? affine(result.fixed_from_moving), [other, result]);
  const detail = useMemo(() => detailOf(sizes, current), [sizes, current]);
  const inReview = address.get("correct") === "1"; // opened from the contact sheet, which it returns to
  const [correcting, setCorrecting] = useState(inReview);
  const alignment = useManualAlignment(current, sizes, matcher(registration.id));
  const openButton = useFocusReturn(correcting);

  function begin(): void {
    alignment.reset(current);
    setCorrecting(true);
  }

  async function save(matrix: DOMMatrix, note: string): Promise<void> {
    const saved = await corrections.save(matrix3(matrix), note);
    if (!saved) return;
    onCorrected();
    if (inReview) return open(batchHref(null, { item: registration.id }));
    adjustAddress({ correction: saved.id, place: null });
    setCorrecting(false);
  }

  return (
    <div className="result">
      {!correcting &&
        (correction ? (
          <CorrectedNote correction={correction} prediction={result} />
        ) : (
          <VerdictNote result={result} />
        ))}
      <div className="result-main">
        <Viewer
          registration={registration}
          result={result}
          corrected={correcting ? alignment.matrix : other}
          placed={current}
          place={place}
          alignment={correcting ? alignment : null}
        />
        {!correcting && <Crops registration={registration} sizes={sizes} fixedFromMoving={current} />}
        {!correcting && <ApplyPanel registration={registration} result={result} correction={position} />}
      </div>
      {correcting ? (
        <div className="result-side">
          <CorrectionPanel
            alignment={alignment}
            sizes={sizes}
            spacing={result.fixed.pixel_spacing_um}
            problem={corrections.problem}
            onSave={(note) => save(alignment.matrix, note)}
            onClose={() => setCorrecting(false)}
          />
        </div>
      ) : (
        <div className="result-side">
          {detail && (
            <Places
              registration={registration}
              result={result}
              sizes={sizes}
              detail={detail}
              places={places}
              shown={place}
              current={current}
              onShow={(index) => adjustAddress({ place: placeParameter(index) })}
              onUse={() => save(current, `place ${place + 1} of the search`)}
              problem={corrections.problem}
            />
          )}
          <Details summary={transformWords(current, sizes)}>
            <section aria-labelledby="parameters-title">
              <h2 id="parameters-title">Moving onto fixed</h2>
              {other ? (
                <CorrectedParameters
                  result={result}
                  corrected={other}
                  sizes={sizes}
                  name={corrected ? "Corrected" : `Place ${place + 1}`}
                />
              ) : (
                <Parameters result={result} />
              )}
              {result.stretch && (
                <p className="hint">
                  Stretched by {result.stretch.ratio.toFixed(3)} along {result.stretch.axis_deg.toFixed(0)}°,
                  as by a tilt of {result.stretch.tilt_deg.toFixed(1)}°.
                </p>
              )}
              {result.mirror && <p className="hint">The moving image is mirrored.</p>}
              {result.shift_um === null && (
                <p className="hint">In pixels only: the fixed image has no pixel spacing.</p>
              )}
            </section>
            {!other && <FieldMap result={result} />}
            <UsedAreas registration={registration} result={result} sizes={sizes} />
            {result.search && <SearchPlot result={result} map={result.search} />}
            <Provenance registration={registration} result={result} />
          </Details>
          <CorrectionList
            items={corrections.items}
            shown={correction && correction.id}
            onShow={(id) => adjustAddress({ correction: id ?? PREDICTED, place: null })}
          />
          <button type="button" ref={openButton} onClick={begin}>
            Correct by hand
          </button>
          <Downloads
            registration={registration}
            result={result}
            correction={correction}
            position={position}
          />
        </div>
      )}
    </div>
  );
}

/** Finds points by the images of a registration. */
function matcher(id: string): MatchPoint {
  return async ({ x, y }, matrix, reach) => {
    const point = {
      point: [x, y] as Point,
      fixed_from_moving: matrix3(matrix),
      reach_px: Math.min(reach, 4096),
    };
    const { moving_point: moving, standard_error_px: error } = await matchPoint(id, point);
    return moving && error !== null ? { moving: { x: moving[0], y: moving[1] }, error } : null;
  };
}

/** Return the focus to the button that opened a panel when the panel is closed. */
function useFocusReturn(open: boolean): RefObject<HTMLButtonElement | null> {
  const openButton = useRef<HTMLButtonElement>(null);
  const was = useRef(open);
  useEffect(() => {
    if (was.current && !open) openButton.current?.focus({ preventScroll: true });
    was.current = open;
  }, [open]);
  return openButton;
}
