import type { Image } from "../api/types";
import type { Role } from "../frame/RoleName";
import { bytes, groupedDigits } from "../quantities";
import { ChannelPicker } from "./ChannelPicker";
import { type Choice, chosenOf } from "./choice";
import { ModalityField } from "./ModalityField";
import type { Ready } from "./pair";
import { SpacingField } from "./SpacingField";
import "./facts.css";

interface Props {
  role: Role;
  upload: Ready;
  onSpacing: (text: string) => void;
  onImage: (image: Image) => void;
  onChoose: (choice: Choice) => void;
}

export function ImageFacts({ role, upload, onSpacing, onImage, onChoose }: Props) {
  const { image, choice, spacing } = upload;
  const { width, height, dtype, colours } = chosenOf(image, choice) ?? { ...image, colours: image.channels };
  return (
    <div className="facts">
      <p className="facts-name" title={image.name}>
        {image.name}
      </p>
      <dl className="facts-values">
        <div>
          <dt>Size</dt>
          <dd>
            {groupedDigits(width)} × {groupedDigits(height)} px
          </dd>
        </div>
        <div>
          <dt>Values</dt>
          <dd>
            {dtype}
            {colours > 1 && `, ${colours} channels`}
          </dd>
        </div>
        <div>
          <dt>File</dt>
          <dd>
            {image.format && image.format !== "TIFF" && `${image.format}, `}
            {bytes(image.size_bytes)}
          </dd>
        </div>
      </dl>
      <ChannelPicker role={role} image={image} choice={choice} onChoose={onChoose} />
      <div className="facts-fields">
        <SpacingField role={role} upload={upload} text={spacing} onChange={onSpacing} />
        <ModalityField key={image.id} role={role} image={image} onImage={onImage} />
      </div>
    </div>
  );
}
