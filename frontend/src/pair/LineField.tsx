import { useState } from "react";
import { checkPreview } from "../api/client";
import { messageOf } from "../api/errors";
import type { Image } from "../api/types";
import type { Role } from "../frame/RoleName";
import { type Choice, lineOf, previewOf, spectrumOf } from "./choice";

interface Props {
  role: Role;
  image: Image;
  onChoose: (choice: Choice) => void;
}

/** An X-ray line or an energy window of a spectrum map, by name; nothing for other files. */
export function LineField({ role, image, onChoose }: Props) {
  const spectrum = spectrumOf(image);
  const [text, setText] = useState("");
  const [state, setState] = useState<{ busy: boolean; problem: string | null }>({
    busy: false,
    problem: null,
  });
  if (spectrum === null) return null;

  async function use(): Promise<void> {
    if (spectrum === null || text.trim() === "") return;
    const choice = { channel: lineOf(spectrum, text), frame: null };
    setState({ busy: true, problem: null });
    try {
      await checkPreview(previewOf(image, choice));
      onChoose(choice);
      setState({ busy: false, problem: null });
    } catch (error) {
      setState({ busy: false, problem: messageOf(error) });
    }
  }

  return (
    <div className="line-field">
      <label htmlFor={`${role}-line`}>X-ray line or energy window</label>
      <span className="line-entry">
        <input
          id={`${role}-line`}
          type="text"
          className="field"
          autoComplete="off"
          placeholder="Fe_Ka or 6.2-6.6"
          maxLength={100}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => event.key === "Enter" && void use()}
        />
        <button type="button" disabled={state.busy || text.trim() === ""} onClick={() => void use()}>
          {state.busy ? "Reading…" : "Use"}
        </button>
      </span>
      {state.problem && <p className="spacing-note spacing-wrong">{state.problem}</p>}
    </div>
  );
}
