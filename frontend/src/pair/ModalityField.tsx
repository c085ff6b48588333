import { useRef, useState } from "react";
import { setModality } from "../api/client";
import { messageOf } from "../api/errors";
import type { Image } from "../api/types";
import type { Role } from "../frame/RoleName";

const KNOWN = [
  "SE",
  "BSE",
  "EDS",
  "HAADF",
  "BF",
  "EBSD",
  "XRF",
  "X-ray absorption",
  "X-ray phase",
  "Light",
  "AFM",
];

interface Props {
  role: Role;
  image: Image;
  onImage: (image: Image) => void; // as stored by the service
}

/** The modality of the image as free text; saved when the field loses focus. */
export function ModalityField({ role, image, onImage }: Props) {
  const id = `${role}-modality`;
  const [draft, setDraft] = useState<string | null>(null); // null: no unsaved input
  const [refused, setRefused] = useState<string | null>(null);
  const before = useRef(Promise.resolve()); // requests run one after the other, so that the last response is the stored value

  function keep(): void {
    if (draft !== null) before.current = before.current.then(() => send(draft));
  }

  async function send(text: string): Promise<void> {
    try {
      onImage(await setModality(image.id, text.trim() || null));
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
        {refused ?? "Stored with the image."}
      </p>
    </div>
  );
}
