import type { Image } from "../api/types";
import type { Role } from "../frame/RoleName";
import { bytes, groupedDigits } from "../quantities";
import { ModalityField } from "./ModalityField";
import { SpacingField } from "./SpacingField";
import "./facts.css";

interface Props {
  role: Role;
  image: Image;
  spacing: string;
  onSpacing: (text: string) => void;
  onImage: (image: Image) => void;
}

export function ImageFacts({ role, image, spacing, onSpacing, onImage }: Props) {
  return (
    <div className="facts">
      <p className="facts-name" title={image.name}>
        {image.name}
      </p>
      <dl>
        <div>
          <dt>Size</dt>
          <dd>
            {groupedDigits(image.width)} × {groupedDigits(image.height)} px
          </dd>
        </div>
        <div>
          <dt>Values</dt>
          <dd>
            {image.dtype}
            {image.channels > 1 && `, ${image.channels} channels`}
          </dd>
        </div>
        <div>
          <dt>File</dt>
          <dd>{bytes(image.size_bytes)}</dd>
        </div>
      </dl>
      <div className="facts-fields">
        <SpacingField role={role} image={image} text={spacing} onChange={onSpacing} />
        <ModalityField key={image.id} role={role} image={image} onImage={onImage} />
      </div>
    </div>
  );
}
