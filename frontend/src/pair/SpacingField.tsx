import type { Role } from "../frame/RoleName";
import { statedSpacing } from "./choice";
import { type Ready, agreesWithFile, readSpacing } from "./pair";

interface Props {
  role: Role;
  upload: Ready;
  text: string;
  onChange: (text: string) => void;
}

/** The pixel spacing from the file, or as entered by the user. */
export function SpacingField({ role, upload, text, onChange }: Props) {
  const id = `${role}-spacing`;
  const wrong = Number.isNaN(readSpacing(text));
  return (
    <div className="spacing">
      <label htmlFor={id}>Pixel spacing</label>
      <span className="spacing-entry">
        <input
          id={id}
          type="text"
          inputMode="decimal"
          autoComplete="off"
          placeholder="unknown"
          value={text}
          aria-invalid={wrong}
          aria-describedby={`${id}-note`}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
        <span className="unit">µm/px</span>
      </span>
      <p id={`${id}-note`} className={wrong ? "spacing-note spacing-wrong" : "spacing-note"}>
        {wrong ? "A positive number of micrometres per pixel, such as 0.025." : noteOn(role, upload, text)}
      </p>
    </div>
  );
}

const WITHOUT: Record<Role, string> = {
  fixed: "Without it, results are in pixels only.",
  moving: "Optional: the scale is found from the images.",
};

function noteOn(role: Role, upload: Ready, text: string): string {
  const { um, source } = statedSpacing(upload.image, upload.choice);
  if (readSpacing(text) === null) {
    return um === null ? WITHOUT[role] : "Empty: the file's own value is used.";
  }
  return agreesWithFile(upload, text) ? `From the file: ${source ?? "its metadata"}.` : "Given by you.";
}
