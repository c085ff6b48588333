import { useMemo } from "react";
import type { Image } from "../api/types";
import { AreaDialog } from "../areas/AreaDialog";
import type { Area } from "../areas/area";
import type { Role } from "../frame/RoleName";

interface Props {
  role: Role;
  image: Image;
  areas: Area[];
  onAreas: (areas: Area[]) => void;
}

/** Marks areas of an image that are not used, or that alone are used. */
export function SlotAreas({ role, image, areas, onAreas }: Props) {
  const subjects = useMemo(
    () => [
      {
        role,
        name: image.name,
        preview: image.links.preview,
        size: { width: image.width, height: image.height },
      },
    ],
    [role, image],
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
