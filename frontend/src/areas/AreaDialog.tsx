import { type ReactNode, Suspense, lazy, useRef, useState } from "react";
import { RoleName, type Role } from "../frame/RoleName";
import type { Area } from "./area";
import type { Subject } from "./AreaEditor";
import "./areas.css";

const AreaEditor = lazy(() => import("./AreaEditor")); // most results need no areas

interface Props {
  label: string; // of the button that opens the dialog
  describes?: string; // the rest of its name for screen readers
  title: string;
  subjects: Subject[];
  areas: Record<Role, Area[]>;
  onChange: (role: Role, areas: Area[]) => void;
  children?: ReactNode; // what is done with the areas; without it they are kept as they are drawn
}

/** A button that opens a dialog in which areas of one or two images are marked. */
export function AreaDialog({ label, describes, title, subjects, areas, onChange, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [open, setOpen] = useState(false);
  const [role, setRole] = useState<Role>(subjects[0]!.role);
  const subject = subjects.find((each) => each.role === role) ?? subjects[0]!;
  const id = `areas-${subjects.map((each) => each.role).join("-")}`;
  return (
    <>
      <button
        type="button"
        className="area-open"
        aria-label={describes && `${label} ${describes}`}
        onClick={() => {
          setOpen(true);
          dialog.current?.showModal();
        }}
      >
        {label}
      </button>
      <dialog
        ref={dialog}
        className="areas"
        aria-labelledby={id}
        onClose={() => setOpen(dialog.current?.open === true)}
      >
        <div className="areas-head">
          <h2 id={id}>{title}</h2>
          {subjects.length > 1 && (
            <fieldset className="segments">
              <legend>Image</legend>
              {subjects.map((each) => (
                <label key={each.role}>
                  <input
                    type="radio"
                    name="area-role"
                    checked={each.role === role}
                    onChange={() => setRole(each.role)}
                  />
                  <span>
                    <RoleName role={each.role} />
                  </span>
                </label>
              ))}
            </fieldset>
          )}
        </div>
        {open && (
          <Suspense fallback={<p role="status">Loading…</p>}>
            <AreaEditor
              key={subject.role}
              subject={subject}
              areas={areas[subject.role]}
              onChange={(changed) => onChange(subject.role, changed)}
            />
          </Suspense>
        )}
        <div className="areas-foot">
          {children}
          <button
            type="button"
            className={children ? "quiet" : "primary"}
            onClick={() => dialog.current?.close()}
          >
            {children ? "Close" : "Done"}
          </button>
        </div>
      </dialog>
    </>
  );
}
