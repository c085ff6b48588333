import { useState } from "react";
import { deleteImage, renameImage } from "../api/client";
import { messageOf } from "../api/errors";
import type { Image } from "../api/types";

interface Props {
  image: Image;
  retention: string; // what deleting means
  onRenamed: (image: Image) => void;
  onDeleted: (image: Image) => void;
}

/** Renames or deletes an upload; one that a registration uses stays. */
export function EditImage({ image, retention, onRenamed, onDeleted }: Props) {
  const [state, setState] = useState<"shown" | "renaming" | "deleting">("shown");
  const [name, setName] = useState(image.name);
  const [problem, setProblem] = useState<string | null>(null);
  const act = (action: Promise<void>) => {
    setProblem(null);
    action.then(
      () => setState("shown"),
      (error) => setProblem(messageOf(error)),
    );
  };
  return (
    <div className="earlier-edit">
      {state === "shown" && (
        <>
          <Action label="Rename" image={image} onAct={() => setState("renaming")} />
          <Action label="Delete" image={image} onAct={() => setState("deleting")} />
        </>
      )}
      {state === "renaming" && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            act(renameImage(image.id, name.trim()).then(onRenamed));
          }}
        >
          <input
            type="text"
            className="field"
            aria-label={`New name of ${image.name}`}
            autoFocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        </form>
      )}
      {state === "deleting" && (
        <>
          <p className="earlier-retention" id={`delete-${image.id}`}>
            {retention}
          </p>
          <Action
            label="Yes, delete"
            image={image}
            describedBy={`delete-${image.id}`}
            onAct={() => act(deleteImage(image.id).then(() => onDeleted(image)))}
          />
        </>
      )}
      {state !== "shown" && (
        <Action
          label="Cancel"
          image={image}
          focused={state === "deleting"}
          describedBy={state === "deleting" ? `delete-${image.id}` : undefined}
          onAct={() => setState("shown")}
        />
      )}
      {problem && (
        <p className="spacing-wrong" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}

interface ActionProps {
  label: string;
  image: Image;
  describedBy?: string | undefined; // id of a text that a screen reader adds
  focused?: boolean;
  onAct: () => void;
}

function Action({ label, image, describedBy, focused, onAct }: ActionProps) {
  return (
    <button
      type="button"
      className="link"
      aria-label={`${label} ${image.name}`}
      aria-describedby={describedBy}
      autoFocus={focused}
      onClick={onAct}
    >
      {label}
    </button>
  );
}
