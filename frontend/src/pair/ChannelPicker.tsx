import type { Image, ImageChoice } from "../api/types";
import type { Role } from "../frame/RoleName";
import { groupedDigits } from "../quantities";
import { LineField } from "./LineField";
import "./channels.css";
import { type Choice, choicesOf, chosenOf, isUndecided, spectrumOf, withFrame } from "./choice";

interface Props {
  role: Role;
  image: Image;
  choice: Choice;
  onChoose: (choice: Choice) => void;
}

/** Which channel and frame of a file is used, with a picture of each channel; nothing for a single image. */
export function ChannelPicker({ role, image, choice, onChoose }: Props) {
  const choices = choicesOf(image);
  const chosen = chosenOf(image, choice);
  const listed = choices.length > 1 || spectrumOf(image) !== null;
  if (!listed && (chosen?.frames ?? 1) < 2) return null;
  return (
    <div className="channels">
      {listed && (
        <fieldset className="channel-list" aria-describedby={`${role}-channel-note`}>
          <legend>
            {isUndecided(image, choice) ? `Choose one of ${choices.length} images` : "Image in the file"}
          </legend>
          <div className="channel-grid">
            {choices.map((one) => (
              <Channel
                key={one.channel}
                role={role}
                choice={one}
                checked={one.channel === chosen?.channel}
                onCheck={() => onChoose(withFrame(image, one.channel))}
              />
            ))}
          </div>
          <p id={`${role}-channel-note`} className="spacing-note">
            {noteOn(image, choice)}
          </p>
          <LineField key={image.id} role={role} image={image} onChoose={onChoose} />
        </fieldset>
      )}
      {chosen !== null && chosen.frames > 1 && (
        <FrameField role={role} frames={chosen.frames} choice={choice} onChoose={onChoose} />
      )}
    </div>
  );
}

function noteOn(image: Image, choice: Choice): string {
  if (typeof choice.channel === "string") return `Used: ${choice.channel}.`;
  if (choice.channel !== null) return "";
  return image.default_reason ? `Used unless you choose: ${image.default_reason}.` : "";
}

interface ChannelProps {
  role: Role;
  choice: ImageChoice;
  checked: boolean;
  onCheck: () => void;
}

function Channel({ role, choice, checked, onCheck }: ChannelProps) {
  const size = `${groupedDigits(choice.width)} × ${groupedDigits(choice.height)} px`;
  return (
    <label className="channel" title={`${choice.name}, ${size}, ${choice.dtype}`}>
      <input type="radio" name={`${role}-channel`} checked={checked} onChange={onCheck} />
      <span className="well channel-picture">
        <img src={choice.preview} alt="" loading="lazy" />
      </span>
      <span className="channel-name">{choice.name}</span>
    </label>
  );
}

interface FrameProps {
  role: Role;
  frames: number;
  choice: Choice;
  onChoose: (choice: Choice) => void;
}

function FrameField({ role, frames, choice, onChoose }: FrameProps) {
  const frame = choice.frame ?? 0;
  const set = (value: number) =>
    Number.isInteger(value) && value >= 0 && value < frames && onChoose({ ...choice, frame: value });
  return (
    <div className="frame-field">
      <label htmlFor={`${role}-frame`}>Frame</label>
      <input
        id={`${role}-frame`}
        type="range"
        min={0}
        max={frames - 1}
        value={frame}
        onChange={(event) => set(Number(event.currentTarget.value))}
      />
      <output htmlFor={`${role}-frame`}>
        {frame} (0 to {frames - 1})
      </output>
    </div>
  );
}
