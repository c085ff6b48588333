import { useRef, useState } from "react";
import { describeImage } from "../api/client";
import { messageOf } from "../api/problems";
import type { Image } from "../api/types";
import type { Role } from "../frame/RoleName";

const KNOWN = ["SE", "BSE", "EDS", "HAADF", "BF", "EBSD", "XRF", "X-ray absorption", "X-ray phase", "Light", "AFM"];

interface Props {
  role: Role;
  image: Image;
  onImage: (image: Image) => void; // as the service now knows it
}

/** What the image shows, in the instrument's own words; kept as soon as the field is left. */
export function ModalityField({ role, image, onImage }: Props) {
  const id = `${role}-modality`;
  const [draft, setDraft] = useState<string | null>(null); // null: nothing is typed that the service does not know
  const [refused, setRefused] = useState<string | null>(null);
  const before = useRef(Promise.resolve()); // one after the other: the last answer tells what the service keeps

  function keep(): void {
    if (draft !== null) before.current = before.current.then(() => send(draft));
  }

  async function send(text: string): Promise<void> {
    try {
      onImage(await describeImage(image.id, text.trim() || null));
      setDraft((now) => (now === text ? null : now));
      setRefused(null);
    } catch (error) {
      setRefused(messageOf(error));
    }
  }

  return (
    <div className="spacing">
      <label htmlFor={id}>Modality</label>
      <span className="spacing-entry">
        <input
          id={id}
          type="text"
          list={`${id}-known`}
          maxLength={40}
          autoComplete="off"
          placeholder="unknown"
          value={draft ?? image.modality ?? ""}
          aria-describedby={`${id}-note`}
          onChange={(event) => setDraft(event.currentTarget.value)}
          onBlur={keep}
          onKeyDown={(event) => event.key === "Enter" && keep()}
        />
      </span>
      <datalist id={`${id}-known`}>
        {KNOWN.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <p id={`${id}-note`} className={refused ? "spacing-note spacing-wrong" : "spacing-note"}>
        {refused ?? "Kept with the image, for lists and audit."}
      </p>
    </div>
  );
}
