import { type ChangeEvent, type DragEvent, useMemo, useState } from "react";
import { applyToImages, save } from "../api/apply";
import type { ImageChoice, Registration, Result } from "../api/types";
import { Icon } from "../frame/Icon";
import { ProblemNote } from "../frame/ProblemNote";
import { useDropAnywhere } from "../pair/useDropAnywhere";
import { useSubmit } from "../submit/useSubmit";
import { ApplyOptions } from "./ApplyOptions";
import { FurtherList } from "./FurtherList";
import "./apply.css";
import { OPTIONS, countOf, differsInSize, imagesOf, otherChannels } from "./application";
import { useFurtherImages } from "./useFurtherImages";
import { useMovingFile } from "./useMovingFile";

interface Props {
  registration: Registration;
  result: Result;
  correction: string | null; // query parameter of the shown position
}

/** Put the result on further channels: those of the moving image's file, and files that are dropped. */
export function ApplyPanel({ registration, result, correction }: Props) {
  const moving = useMovingFile(registration);
  const own = useMemo(() => (moving ? otherChannels(moving, registration) : []), [moving, registration]);
  const [left, setLeft] = useState<number[]>([]); // channels of the own file that are not wanted
  const { images, add, remove } = useFurtherImages();
  const [options, setOptions] = useState(OPTIONS);
  const { sending, problem, run } = useSubmit();
  useDropAnywhere(add);
  const chosen = own.filter(({ channel }) => !left.includes(channel));
  const channels = chosen.map(({ channel }) => channel);
  const count = countOf(channels, images);
  const uploading = images.some(({ state }) => state === "waiting" || state === "sending");
  const binned = differsInSize(result.moving.shape, images, chosen);

  async function apply(): Promise<void> {
    const { file, name } = await applyToImages(registration.id, {
      ...options,
      same_field: binned && options.same_field,
      images: imagesOf(moving, channels, images),
      correction,
    });
    save(file, name);
  }

  return (
    <section className="apply" aria-labelledby="apply-title">
      <h2 id="apply-title">Further channels</h2>
      <p className="hint">Other images of the moving scan, such as element maps, follow this position.</p>
      {own.length > 0 && (
        <OwnChannels channels={own} left={left} onLeft={setLeft} name={result.moving.name} />
      )}
      <ApplyDrop onFiles={add} />
      <FurtherList images={images} onRemove={remove} />
      {count > 0 && <ApplyOptions options={options} onOptions={setOptions} binned={binned} />}
      {(count > 0 || uploading) && (
        <button
          type="button"
          disabled={sending || uploading || count === 0 || (binned && !options.same_field)}
          onClick={() => void run(apply)}
        >
          <Icon name="download" />
          {uploading
            ? "Uploading…"
            : sending
              ? "Resampling…"
              : `Download ${count} registered ${count === 1 ? "image" : "images"}`}
        </button>
      )}
      {problem && <ProblemNote title="Not applied:">{problem}</ProblemNote>}
    </section>
  );
}

interface OwnProps {
  channels: ImageChoice[];
  left: number[];
  onLeft: (left: number[]) => void;
  name: string;
}

function OwnChannels({ channels, left, onLeft, name }: OwnProps) {
  const all = left.length === 0;
  return (
    <fieldset className="apply-own">
      <legend>In {name}</legend>
      <div className="apply-channels">
        {channels.map((one) => (
          <label key={one.channel} className="check">
            <input
              type="checkbox"
              checked={!left.includes(one.channel)}
              onChange={({ currentTarget }) =>
                onLeft(
                  currentTarget.checked
                    ? left.filter((channel) => channel !== one.channel)
                    : [...left, one.channel],
                )
              }
            />
            <span title={one.name}>{one.name}</span>
          </label>
        ))}
      </div>
      {channels.length > 2 && (
        <button
          type="button"
          className="link"
          onClick={() => onLeft(all ? channels.map(({ channel }) => channel) : [])}
        >
          {all ? "Choose none" : "Choose all"}
        </button>
      )}
    </fieldset>
  );
}

function ApplyDrop({ onFiles }: { onFiles: (files: File[]) => void }) {
  const [hovered, setHovered] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    event.stopPropagation();
    setHovered(false);
    onFiles([...event.dataTransfer.files]);
  };
  const choose = ({ currentTarget }: ChangeEvent<HTMLInputElement>) => {
    onFiles([...(currentTarget.files ?? [])]);
    currentTarget.value = "";
  };
  return (
    <label
      className={hovered ? "apply-drop drop-hovered" : "apply-drop"}
      onDragOver={() => setHovered(true)}
      onDragLeave={() => setHovered(false)}
      onDrop={drop}
    >
      <input type="file" multiple aria-label="Choose further images of the moving scan" onChange={choose} />
      <span>
        Drop maps here or <u>choose files</u>
      </span>
    </label>
  );
}
