import { type ChangeEvent, type DragEvent, useState } from "react";
import { AreaShapes } from "../areas/AreaShapes";
import { Icon } from "../frame/Icon";
import type { Role } from "../frame/RoleName";
import { bytes } from "../quantities";
import { droppedFiles } from "./droppedFiles";
import { chosenSize, isUndecided, previewOf } from "./choice";
import type { Upload } from "./pair";
import "./drop.css";

interface Props {
  role: Role;
  upload: Upload;
  onFiles: (files: File[]) => void;
}

/** A file input of the size of the preview; accepts clicks, keyboard and drops. */
export function DropArea({ role, upload, onFiles }: Props) {
  const [hovered, setHovered] = useState(false);

  function drop(event: DragEvent): void {
    event.preventDefault();
    event.stopPropagation();
    setHovered(false);
    void droppedFiles(event.dataTransfer).then(onFiles);
  }

  function choose({ currentTarget }: ChangeEvent<HTMLInputElement>): void {
    onFiles([...(currentTarget.files ?? [])]);
    currentTarget.value = ""; // allows choosing the same file again after it was changed
  }

  return (
    <label
      className={`well drop drop-${upload.state} ${hovered ? "drop-hovered" : ""}`}
      onDragOver={() => setHovered(true)}
      onDragLeave={() => setHovered(false)}
      onDrop={drop}
    >
      <input type="file" multiple aria-label={`Choose the ${role} image`} onChange={choose} />
      <DropContent upload={upload} />
    </label>
  );
}

function DropContent({ upload }: { upload: Upload }) {
  if (upload.state === "sending")
    return <Sending name={upload.file.name} size={upload.file.size} share={upload.share} />;
  if (upload.state === "ready") {
    const undecided = isUndecided(upload.image, upload.choice);
    const size = chosenSize(upload.image, upload.choice);
    return (
      <>
        <img
          className={undecided ? "drop-undecided" : undefined}
          src={previewOf(upload.image, upload.choice)}
          alt={`Preview of ${upload.image.name}`}
        />
        {undecided && <span className="drop-choose">Choose an image of this file below</span>}
        {upload.areas.length > 0 && (
          <svg className="drop-areas" viewBox={`-0.5 -0.5 ${size.width} ${size.height}`} aria-hidden="true">
            <AreaShapes areas={upload.areas} size={size} />
          </svg>
        )}
        <span className="drop-again">Replace</span>
      </>
    );
  }
  return (
    <span className="drop-prompt">
      <Icon name="image" />
      <span className="drop-words">
        Drop an image here or <u>choose a file</u>
      </span>
      <span className="drop-kinds">TIFF, PNG, DM3, DM4, EMD, SER, BCF, MRC, HDF5 …</span>
    </span>
  );
}

function Sending({ name, size, share }: { name: string; size: number; share: number }) {
  return (
    <span className="drop-prompt">
      <span className="drop-words">{share < 1 ? `Uploading ${name}` : `Reading ${name}`}</span>
      <progress value={share} aria-label={`Upload of ${name}`} />
      <span className="drop-kinds">{bytes(size)}</span>
    </span>
  );
}
