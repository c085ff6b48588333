import { useMemo } from "react";
import type { Registration } from "../api/types";
import { RoleName } from "../frame/RoleName";
import type { Sizes } from "../viewer/geometry";
import { usePreview } from "../viewer/usePreview";
import { CROP, Crop } from "./Crop";
import { informativePlaces } from "./places";
import "./crops.css";

const COUNT = 5;
const IDENTITY = new DOMMatrix();

interface Props {
  registration: Registration;
  sizes: Sizes;
  fixedFromMoving: DOMMatrix;
}

/** The most telling places, the fixed image above the registered one: a quick check by eye. */
export function Crops({ registration, sizes, fixedFromMoving }: Props) {
  const fixed = usePreview(registration.links.fixed_preview);
  const moving = usePreview(registration.links.moving_preview);
  const previews = useMemo(
    () => (fixed instanceof HTMLImageElement && moving instanceof HTMLImageElement ? { fixed, moving } : null),
    [fixed, moving],
  );
  const places = useMemo(
    () => previews && informativePlaces(previews, sizes, fixedFromMoving, COUNT, CROP.width),
    [previews, sizes, fixedFromMoving],
  );
  if (!previews || !places) return <div className="crops crops-coming" />;
  if (places.length === 0) return <p className="hint crops">The images overlap too little to compare details.</p>;
  return (
    <section className="crops" aria-labelledby="crops-title">
      <h2 id="crops-title">The same places in both images</h2>
      <div className="crop-rows">
        {(["fixed", "moving"] as const).map((role) => (
          <div className="crop-row" key={role}>
            <span className="crop-role">
              <RoleName role={role} />
            </span>
            {places.map((place, index) => (
              <Crop
                key={index}
                role={role}
                number={index + 1}
                id={registration[`${role}_image_id`]}
                image={sizes[role]}
                preview={previews[role]}
                fixedFromImage={role === "fixed" ? IDENTITY : fixedFromMoving}
                place={place}
              />
            ))}
          </div>
        ))}
      </div>
    </section>
  );
}
