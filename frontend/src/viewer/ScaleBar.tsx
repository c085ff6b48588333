import { lengthUnit } from "../quantities";

const LONGEST_CSS = 150;

interface Props {
  pixelSpacing: number | null;
  cssPerPixel: number;
}

/** A scale bar of round length (1, 2 or 5 times a power of ten); none where the pixel spacing is unknown. */
export function ScaleBar({ pixelSpacing, cssPerPixel }: Props) {
  if (pixelSpacing === null) return null;
  const um = roundLength((LONGEST_CSS / cssPerPixel) * pixelSpacing);
  const { unit, um: size } = lengthUnit(um);
  return (
    <div className="scale-bar" style={{ width: (um / pixelSpacing) * cssPerPixel }}>
      <span>
        {Number((um / size).toPrecision(1))} {unit}
      </span>
    </div>
  );
}

export function roundLength(longest: number): number {
  const decade = 10 ** Math.floor(Math.log10(longest));
  const step = [5, 2].find((multiple) => multiple * decade <= longest) ?? 1;
  return step * decade;
}
