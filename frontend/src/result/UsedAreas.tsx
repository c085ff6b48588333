import { useState } from "react";
import type { Registration, Result, UsableArea } from "../api/types";
import { AreaDialog } from "../areas/AreaDialog";
import { type Area, areasOf, maskOf } from "../areas/area";
import { ProblemNote } from "../frame/ProblemNote";
import { RoleName, type Role } from "../frame/RoleName";
import { share } from "../quantities";
import { registerAgain } from "../submit/registerAgain";
import { useSubmit } from "../submit/useSubmit";
import { openRegistration } from "../url";
import type { Sizes } from "../viewer/geometry";
import "./usedAreas.css";

const ROLES = ["fixed", "moving"] as const;

interface Props {
  registration: Registration;
  result: Result;
  sizes: Sizes;
}

/** What was not used of the images, and marking areas for another registration. */
export function UsedAreas({ registration, result, sizes }: Props) {
  const [areas, setAreas] = useState<Record<Role, Area[]>>(() => given(registration));
  const { sending, problem, run } = useSubmit();
  const { usable_area: used, fixed, moving } = result;
  if (!used?.fixed || !used.moving) return null; // of a network without masks, or of an earlier version
  const parts = { fixed: used.fixed, moving: used.moving };
  const names = { fixed: fixed.name, moving: moving.name };
  const changed = ROLES.some((role) => areas[role] !== undefined && differs(areas[role], registration, role));

  async function again(): Promise<void> {
    const masks = { fixed_mask: maskOf(areas.fixed), moving_mask: maskOf(areas.moving) };
    openRegistration((await registerAgain(registration, masks)).id);
  }

  return (
    <section className="used-areas" aria-labelledby="used-areas-title">
      <h2 id="used-areas-title">Not used</h2>
      <ul>
        {ROLES.map((role) => (
          <li key={role} data-not-used={role}>
            <RoleName role={role} /> <span className="used-areas-parts">{words(parts[role])}</span>
          </li>
        ))}
      </ul>
      <AreaDialog
        label="Mark areas"
        title="Areas for another registration"
        subjects={ROLES.map((role) => ({
          role,
          name: names[role],
          preview: registration.links[`${role}_preview`],
          size: sizes[role],
          runs: parts[role].runs,
        }))}
        areas={areas}
        onChange={(role, marked) => setAreas((all) => ({ ...all, [role]: marked }))}
      >
        <button
          type="button"
          className="primary"
          disabled={!changed || sending}
          onClick={() => void run(again)}
        >
          {sending ? "Submitting…" : "Register again"}
        </button>
        {problem && <ProblemNote title="Not submitted:">{problem}</ProblemNote>}
      </AreaDialog>
    </section>
  );
}

function given({ settings }: Registration): Record<Role, Area[]> {
  return { fixed: areasOf(settings.fixed_mask), moving: areasOf(settings.moving_mask) };
}

function differs(areas: Area[], registration: Registration, role: Role): boolean {
  return JSON.stringify(areas) !== JSON.stringify(given(registration)[role]);
}

function words({ excluded }: UsableArea): string {
  if (excluded.length === 0) return "everything was used";
  return excluded.map((part) => `${NAMES[part.name] ?? part.name} ${share(part.share)}`).join(", ");
}

const NAMES: Record<string, string> = { "given mask": "marked areas" };
