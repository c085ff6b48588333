import { useState } from "react";
import type { Correction, Result } from "../api/types";
import { snippets } from "./snippets";

/** The transform as code for other programs. */
export function CodeSnippets({ result, correction }: { result: Result; correction: Correction | null }) {
  const [name, setName] = useState("napari");
  const [copied, setCopied] = useState<string | null>(null);
  const { fixed_from_moving, moving_from_fixed } = correction ?? result;
  const all = snippets(result, fixed_from_moving, moving_from_fixed);
  const text = all.find((one) => one.name === name)?.text ?? "";
  const copy = () =>
    navigator.clipboard?.writeText(text).then(
      () => setCopied(text),
      () => setCopied(null),
    );
  return (
    <details className="code">
      <summary>Code for other programs</summary>
      <div className="code-head">
        <fieldset className="segments">
          <legend>Program</legend>
          {all.map((one) => (
            <label key={one.name}>
              <input
                type="radio"
                name="program"
                checked={one.name === name}
                onChange={() => setName(one.name)}
              />
              <span>{one.name}</span>
            </label>
          ))}
        </fieldset>
        <button type="button" className="quiet" onClick={() => void copy()}>
          {copied === text ? "Copied" : "Copy"}
        </button>
      </div>
      <pre tabIndex={0} aria-label={`Code for ${name}`}>
        {text}
      </pre>
    </details>
  );
}
