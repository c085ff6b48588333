import { ProblemNote } from "../frame/ProblemNote";
import { choicesOf } from "../pair/choice";
import type { Further } from "./useFurtherImages";

/** The further images that were dropped. */
export function FurtherList({ images, onRemove }: { images: Further[]; onRemove: (key: number) => void }) {
  if (images.length === 0) return null;
  return (
    <ul className="apply-files">
      {images.map((one) => (
        <li key={one.key}>
          <span className="apply-file" title={one.file.name}>
            {one.file.name}
          </span>
          <span className="hint">{stateOf(one)}</span>
          <button
            type="button"
            className="link"
            aria-label={`Remove ${one.file.name}`}
            onClick={() => onRemove(one.key)}
          >
            Remove
          </button>
          {one.state === "refused" && <ProblemNote>{one.message}</ProblemNote>}
        </li>
      ))}
    </ul>
  );
}

function stateOf(one: Further): string {
  if (one.state === "refused") return "Not taken";
  if (one.state !== "ready") return "Uploading";
  const count = choicesOf(one.image).length;
  return count > 1 ? `${count} channels` : one.image.dtype;
}
