import { useMemo } from "react";
import type { Registration } from "../api/types";
import { RoleName } from "../frame/RoleName";
import type { Sizes } from "../viewer/geometry";
import { sourceOf } from "../viewer/source";
import { usePreview } from "../viewer/usePreview";
import { CROP, Crop } from "./Crop";
import { informativePatches } from "./informativePatches";
import "./crops.css";

const COUNT = 5;
const IDENTITY = new DOMMatrix();

interface Props {
  registration: Registration;
  sizes: Sizes;
  fixedFromMoving: DOMMatrix;
}

/** The most informative patches of both images, for a quick visual check. */
export function Crops({ registration, sizes, fixedFromMoving }: Props) {
  const fixed = usePreview(registration.links.fixed_preview);
  const moving = usePreview(registration.links.moving_preview);
  const used = registration.result?.usable_area ?? null;
  const previews = useMemo(
    () =>
      fixed instanceof HTMLImageElement && moving instanceof HTMLImageElement ? { fixed, moving } : null,
    [fixed, moving],
  );
  const patches = useMemo(
    () => previews && informativePatches(previews, sizes, fixedFromMoving, COUNT, CROP.width, used),
    [previews, sizes, fixedFromMoving, used],
  );
  if (!previews || !patches) return <div className="crops crops-coming" />;
  if (patches.length === 0)
    return <p className="hint crops">The images overlap too little to compare details.</p>;
  return (
    <section className="crops" aria-labelledby="crops-title">
      <h2 id="crops-title">Details of both images</h2>
      <div className="crop-rows">
        {(["fixed", "moving"] as const).map((role) => (
          <div className="crop-row" key={role}>
            <span className="crop-role">
              <RoleName role={role} />
            </span>
            {patches.map((patch, index) => (
              <Crop
                key={index}
                role={role}
                number={index + 1}
                source={sourceOf(registration, role)}
                image={sizes[role]}
                preview={previews[role]}
                fixedFromImage={role === "fixed" ? IDENTITY : fixedFromMoving}
                patch={patch}
              />
            ))}
          </div>
        ))}
      </div>
    </section>
  );
}
