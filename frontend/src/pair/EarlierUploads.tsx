import { useRef, useState } from "react";
import type { Image } from "../api/types";
import { useService } from "../api/useService";
import { Icon } from "../frame/Icon";
import { ProblemNote } from "../frame/ProblemNote";
import type { Role } from "../frame/RoleName";
import { groupedDigits, when } from "../quantities";
import "./earlierUploads.css";
import { EditImage } from "./EditImage";
import { retentionWords } from "./retention";
import { useEarlierUploads } from "./useEarlierUploads";

interface Props {
  role: Role;
  onPick: (image: Image) => void;
}

/** Dialog to choose an image that was uploaded before. */
export function EarlierUploads({ role, onPick }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [open, setOpen] = useState(false);
  const show = () => {
    setOpen(true);
    dialog.current?.showModal();
  };
  const closed = () => setOpen(dialog.current?.open === true); // the event is late: the dialog may be open again
  const pick = (image: Image) => {
    dialog.current?.close();
    onPick(image);
  };
  return (
    <>
      <button
        type="button"
        className="link earlier-open"
        aria-label={`Earlier uploads for the ${role} image`}
        onClick={show}
      >
        Earlier uploads
      </button>
      <dialog ref={dialog} className="earlier" aria-labelledby={`${role}-earlier`} onClose={closed}>
        <div className="earlier-head">
          <h2 id={`${role}-earlier`}>Earlier uploads: choose the {role} image</h2>
          <button type="button" className="quiet" onClick={() => dialog.current?.close()}>
            Close
          </button>
        </div>
        {open && <Images onPick={pick} />}
      </dialog>
    </>
  );
}

function Images({ onPick }: { onPick: (image: Image) => void }) {
  const [search, setSearch] = useState("");
  const retention = retentionWords(useService()?.retention_days);
  const { images, problem, more, put, drop } = useEarlierUploads(search);
  return (
    <>
      <input
        type="search"
        value={search}
        placeholder="Search by name"
        aria-label="Search earlier uploads by name"
        onChange={(event) => setSearch(event.currentTarget.value)}
      />
      {problem && <ProblemNote title="The list could not be read:">{problem}</ProblemNote>}
      {images?.length === 0 && <p className="hint">{search === "" ? "Nothing yet." : "No matches."}</p>}
      <ul className="earlier-list">
        {images?.map((image) => (
          <li key={image.id}>
            <button type="button" onClick={() => onPick(image)}>
              <span className="well">
                <img src={image.links.preview} alt="" loading="lazy" />
              </span>
              <span className="earlier-name" title={image.name}>
                {image.name}
              </span>
              <span className="hint">
                {groupedDigits(image.width)} × {groupedDigits(image.height)} px, {image.dtype}
              </span>
              <span className="hint">{when(image.created_at)}</span>
            </button>
            <EditImage image={image} retention={retention} onRenamed={put} onDeleted={drop} />
          </li>
        ))}
      </ul>
      {more && (
        <button type="button" className="quiet" onClick={more}>
          <Icon name="image" /> Show more
        </button>
      )}
    </>
  );
}
