import { useState } from "react";
import type { Place, Registration, Result } from "../api/types";
import { ProblemNote } from "../frame/ProblemNote";
import { type Role, RoleName } from "../frame/RoleName";
import { fixedDigits, share } from "../quantities";
import { overviewFromDetail, overviewOf } from "../viewer/detail";
import { type Sizes, affine, centreOf, magnification } from "../viewer/geometry";
import { PlaceMap } from "./PlaceMap";
import "./places.css";

interface Props {
  registration: Registration;
  result: Result;
  sizes: Sizes;
  detail: Role;
  places: Place[]; // to choose from; the result's first
  shown: number;
  current: DOMMatrix; // fixed_from_moving of the position that is shown
  onShow: (index: number) => void;
  onUse: () => Promise<void>; // save the place that is shown as a correction
  problem: string | null; // of the last attempt at that
}

/** Where the detail lies in the overview, and a choice between the likely places. */
export function Places(props: Props) {
  const { registration, result, sizes, detail, places, shown, current, onShow, onUse, problem } = props;
  const [saving, setSaving] = useState(false);
  const overview = overviewOf(detail);
  const matrices =
    places.length > 1
      ? places.map(({ fixed_from_moving }) => overviewFromDetail(detail, affine(fixed_from_moving)))
      : [overviewFromDetail(detail, current)];
  const at = matrices[shown]!.transformPoint(centreOf(sizes[detail]));
  const words = `${result[detail].name} in ${result[overview].name}, centre at ${position(at)}`;

  async function use(): Promise<void> {
    setSaving(true);
    await onUse();
    setSaving(false);
  }

  return (
    <section className="places" aria-labelledby="places-title">
      <h2 id="places-title">Place in the overview</h2>
      <PlaceMap
        preview={registration.links[`${overview}_preview`]}
        overview={sizes[overview]}
        detail={sizes[detail]}
        role={detail}
        places={matrices}
        shown={shown}
        label={words}
        onShow={onShow}
      />
      <p className="hint">
        <RoleName role={detail} /> covers {share(coveredShare(sizes, detail, matrices[shown]!))} of the{" "}
        {overview} image, with its centre at <span className="place-at">{position(at)}</span>.
      </p>
      {places.length > 1 && (
        <fieldset className="positions place-list">
          <legend>{places.length} places fit</legend>
          {places.map(({ probability }, index) => (
            <label key={index}>
              <input type="radio" name="place" checked={shown === index} onChange={() => onShow(index)} />
              <span>
                Place {index + 1}
                {index === 0 && <span className="place-own"> (the result)</span>}
              </span>
              <span className="place-at">
                {position(matrices[index]!.transformPoint(centreOf(sizes[detail])))}
              </span>
              <span className="place-probability">{share(probability)}</span>
            </label>
          ))}
        </fieldset>
      )}
      {shown > 0 && (
        <>
          <p className="hint">
            Downloads keep to place 1. To use place {shown + 1}, save it as a correction.
          </p>
          <button type="button" disabled={saving} onClick={() => void use()}>
            {saving ? "Saving…" : `Use place ${shown + 1}`}
          </button>
          {problem && <ProblemNote title="Not saved:">{problem}</ProblemNote>}
        </>
      )}
    </section>
  );
}

function position({ x, y }: { x: number; y: number }): string {
  return `${fixedDigits(x, 0)}, ${fixedDigits(y, 0)} px`;
}

/** The area of the detail over that of the overview. */
function coveredShare(sizes: Sizes, detail: Role, overviewFromDetail: DOMMatrix): number {
  const [small, large] = [sizes[detail], sizes[overviewOf(detail)]];
  const area = small.width * small.height * magnification(overviewFromDetail) ** 2;
  return area / (large.width * large.height);
}
