import { ProblemNote } from "../frame/ProblemNote";
import type { Aside, BatchFile } from "./pairing";
import { dragged } from "./dragging";

interface Props {
  aside: Aside[];
  files: BatchFile[];
}

/** Files that belong to no pair, with the reason; each can be dragged onto a pair. */
export function AsideList({ aside, files }: Props) {
  const refused = files.filter((file) => file.state === "refused");
  const others = aside.filter(({ key }) => refused.every((file) => file.key !== key));
  if (refused.length + others.length === 0) return null;
  return (
    <section className="aside-files" aria-labelledby="aside-title">
      <h2 id="aside-title">Set aside: {refused.length + others.length}</h2>
      <ul>
        {refused.map(({ key, file, message }) => (
          <li key={key}>
            <ProblemNote title={`${file.name}:`}>{message} Its pair is left out.</ProblemNote>
          </li>
        ))}
        {others.map(({ key, reason }) => (
          <li key={key} className="aside-file" draggable onDragStart={dragged({ aside: key })}>
            <strong>{files.find((file) => file.key === key)?.file.name}</strong>{" "}
            <span className="hint">{reason}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
