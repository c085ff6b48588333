import type { Area } from "../areas/area";
import type { Image } from "../api/types";
import { ProblemNote } from "../frame/ProblemNote";
import { RoleName, type Role } from "../frame/RoleName";
import { DropArea } from "./DropArea";
import { EarlierUploads } from "./EarlierUploads";
import { ImageFacts } from "./ImageFacts";
import { SlotAreas } from "./SlotAreas";
import { type Choice, isUndecided } from "./choice";
import type { Upload } from "./pair";

interface Props {
  role: Role;
  upload: Upload;
  onFiles: (files: File[]) => void;
  onPick: (image: Image) => void;
  onSpacing: (text: string) => void;
  onAreas: (areas: Area[]) => void;
  onImage: (image: Image) => void; // the image as stored by the service
  onChoose: (choice: Choice) => void; // an image of the file
}

const TITLE: Record<Role, string> = { fixed: "Fixed image", moving: "Moving image" };
const MEANING: Record<Role, string> = { fixed: "is the reference", moving: "is transformed" };

/** One of the two images: drop area, upload progress, metadata. */
export function ImageSlot({ role, upload, onFiles, onPick, onSpacing, onAreas, onImage, onChoose }: Props) {
  return (
    <section className="slot" aria-labelledby={`${role}-title`} data-role={role}>
      <div className="slot-head">
        <h2 id={`${role}-title`}>
          <RoleName role={role}>{TITLE[role]}</RoleName> <span className="slot-meaning">{MEANING[role]}</span>
        </h2>
        <EarlierUploads role={role} onPick={onPick} />
      </div>
      <DropArea role={role} upload={upload} onFiles={onFiles} />
      {upload.state === "refused" && (
        <ProblemNote title="Not taken:">
          {upload.message}{" "}
          {upload.retry && (
            <button type="button" className="link" onClick={() => onFiles([upload.file])}>
              Try again
            </button>
          )}
        </ProblemNote>
      )}
      {upload.state === "ready" && (
        <>
          <ImageFacts
            role={role}
            upload={upload}
            onSpacing={onSpacing}
            onImage={onImage}
            onChoose={onChoose}
          />
          {!isUndecided(upload.image, upload.choice) && (
            <SlotAreas role={role} upload={upload} onAreas={onAreas} />
          )}
        </>
      )}
    </section>
  );
}
