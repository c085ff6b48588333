import { type FormEvent, useState } from "react";
import { updateTags } from "../api/client";
import { messageOf } from "../api/errors";
import type { Registration } from "../api/types";
import { ProblemNote } from "../frame/ProblemNote";
import { TagLink } from "./TagLink";
import "./tags.css";
import { tagsOf } from "./tagsOf";

interface Props {
  registration: Registration;
  onChanged: () => void;
}

/** The tags of a registration: each leads to all that have it, and is removed or added here. */
export function TagEditor({ registration: { id, tags = [] }, onChanged }: Props) {
  const [typed, setTyped] = useState("");
  const [changed, setChanged] = useState("");
  const [problem, setProblem] = useState<string | null>(null);

  function change(add: string[], remove: string[], words: string): void {
    setProblem(null);
    updateTags(id, { add_tags: add, remove_tags: remove }).then(
      () => {
        setChanged(words);
        if (add.length > 0) setTyped("");
        onChanged();
      },
      (error) => setProblem(messageOf(error)),
    );
  }

  function add(event: FormEvent): void {
    event.preventDefault();
    const wanted = tagsOf(typed);
    if (wanted.length > 0) change(wanted, [], `Added ${wanted.join(", ")}`);
  }

  return (
    <div className="tags" role="group" aria-label="Tags">
      {tags.map((tag) => (
        <span key={tag} className="tag">
          <TagLink tag={tag} />
          <button
            type="button"
            className="tag-remove"
            aria-label={`Remove the tag ${tag}`}
            onClick={() => change([], [tag], `Removed ${tag}`)}
          >
            ×
          </button>
        </span>
      ))}
      <form onSubmit={add}>
        <input
          type="text"
          className="field"
          placeholder="Add a tag"
          aria-label="Add a tag"
          maxLength={50}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        {typed.trim() !== "" && (
          <button type="submit" className="quiet">
            Add
          </button>
        )}
      </form>
      <span className="spoken" role="status">
        {changed}
      </span>
      {problem && <ProblemNote title="Not saved:">{problem}</ProblemNote>}
    </div>
  );
}
