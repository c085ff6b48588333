import { Icon } from "../frame/Icon";
import { RoleName, type Role } from "../frame/RoleName";
import { groupedDigits } from "../quantities";
import { type Choice, choicesOf, chosenOf, isUndecided, previewOf, withFrame } from "../pair/choice";
import { dragged, droppable } from "./dragging";
import type { Row, BatchFile } from "./pairing";
import type { Place } from "./useBatch";

interface Props {
  number: number;
  row: Row;
  files: BatchFile[];
  onChoice: (key: number, choice: Choice) => void;
  onChange: (row: Row | null) => void;
  onExchange: (from: Place, to: Place) => void;
}

export function PairRow({ number, row, files, onChoice, onChange, onExchange }: Props) {
  return (
    <li className="pair-row" aria-label={`Pair ${number}`}>
      <Side
        role="fixed"
        number={number}
        onExchange={onExchange}
        chosen={row.fixed}
        files={files}
        onChoice={onChoice}
        onChoose={(fixed) => onChange({ ...row, fixed })}
      />
      <button
        type="button"
        className="quiet"
        aria-label={`Swap pair ${number}`}
        onClick={() => onChange({ fixed: row.moving, moving: row.fixed })}
      >
        <Icon name="swap" />
      </button>
      <Side
        role="moving"
        number={number}
        onExchange={onExchange}
        chosen={row.moving}
        files={files}
        onChoice={onChoice}
        onChoose={(moving) => onChange({ ...row, moving })}
      />
      <button
        type="button"
        className="quiet"
        aria-label={`Remove pair ${number}`}
        onClick={() => onChange(null)}
      >
        Remove
      </button>
    </li>
  );
}

interface SideProps {
  role: Role;
  number: number;
  chosen: number;
  files: BatchFile[];
  onChoice: (key: number, choice: Choice) => void;
  onChoose: (key: number) => void;
  onExchange: (from: Place, to: Place) => void;
}

function Side({ role, number, chosen, files, onChoice, onChoose, onExchange }: SideProps) {
  const place = { row: number - 1, role };
  const file = files.find(({ key }) => key === chosen);
  return (
    <div
      className="pair-side"
      draggable
      onDragStart={dragged(place)}
      {...droppable((from) => onExchange(from, place))}
    >
      <span className="well thumb">
        {file?.state === "ready" && <img src={previewOf(file.image, file.choice)} alt="" />}
      </span>
      <div className="pair-side-words">
        <RoleName role={role} />
        <select
          value={chosen}
          aria-label={`${role} image of pair ${number}`}
          onChange={(event) => onChoose(Number(event.currentTarget.value))}
        >
          {files.map(({ key, file: { name } }) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
        {file?.state === "ready" && choicesOf(file.image).length > 1 && (
          <select
            value={chosenOf(file.image, file.choice)?.channel ?? ""}
            aria-label={`Image in the ${role} file of pair ${number}`}
            onChange={(event) => onChoice(file.key, withFrame(file.image, Number(event.currentTarget.value)))}
          >
            {isUndecided(file.image, file.choice) && <option value="">Choose an image</option>}
            {choicesOf(file.image).map(({ channel, name }) => (
              <option key={channel} value={channel}>
                {name}
              </option>
            ))}
          </select>
        )}
        {file && <Progress file={file} />}
      </div>
    </div>
  );
}

function Progress({ file }: { file: BatchFile }) {
  switch (file.state) {
    case "waiting":
      return <span className="hint">Waiting for its upload</span>;
    case "sending":
      return <progress value={file.share} aria-label={`Upload of ${file.file.name}`} />;
    case "refused":
      return <span className="hint">Refused: this pair is left out</span>;
    case "ready":
      return (
        <span className="hint">
          {groupedDigits(file.image.width)} × {groupedDigits(file.image.height)} px, {file.image.dtype}
        </span>
      );
  }
}
