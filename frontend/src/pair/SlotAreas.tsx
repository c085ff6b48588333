import { useMemo } from "react";
import { AreaDialog } from "../areas/AreaDialog";
import type { Area } from "../areas/area";
import type { Role } from "../frame/RoleName";
import { chosenSize, previewOf } from "./choice";
import type { Ready } from "./pair";

interface Props {
  role: Role;
  upload: Ready;
  onAreas: (areas: Area[]) => void;
}

/** Marks areas of an image that are not used, or that alone are used. */
export function SlotAreas({ role, upload: { image, choice, areas }, onAreas }: Props) {
  const subjects = useMemo(
    () => [
      {
        role,
        name: image.name,
        preview: previewOf(image, choice),
        size: chosenSize(image, choice),
      },
    ],
    [role, image, choice],
  );
  return (
    <div className="slot-areas">
      <AreaDialog
        label="Mark areas"
        describes={`of the ${role} image`}
        title={`Areas of the ${role} image`}
        subjects={subjects}
        areas={{ fixed: areas, moving: areas }}
        onChange={(_, changed) => onAreas(changed)}
      />
      <span className="hint">{words(areas)}</span>
    </div>
  );
}

function words(areas: Area[]): string {
  if (areas.length === 0) return "Data bars, frames and the like are excluded automatically.";
  const only = areas.filter(({ kind }) => kind === "include").length;
  const not = areas.length - only;
  return [only && `${only} only used`, not && `${not} not used`].filter(Boolean).join(", ");
}
