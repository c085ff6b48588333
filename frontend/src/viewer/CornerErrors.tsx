import { pixels } from "../quantities";
import { type Region, enlargement } from "./cornerErrors";
import { magnification } from "./geometry";

interface Props {
  regions: Region[];
  canvasFromFixed: DOMMatrix;
  density: number;
}

/** The 95 % region of each corner, enlarged where it would be too small to see. */
export function CornerErrors({ regions, canvasFromFixed, density }: Props) {
  const scale = magnification(canvasFromFixed);
  const times = enlargement(regions, scale / density);
  return regions.map(({ x, y, major, minor, angle }, index) => {
    const at = canvasFromFixed.transformPoint({ x, y });
    const [rx, ry] = [major, minor].map((length) => length * scale * times);
    const place = `translate(${at.x} ${at.y}) rotate(${angle})`;
    return (
      <g key={index} className="corner-error" transform={place} data-corner-error={[major, minor, times].join(" ")}>
        <ellipse className="corner-error-halo" rx={rx} ry={ry} />
        <ellipse rx={rx} ry={ry} />
      </g>
    );
  });
}

/** How far the corners may be off, and how much larger than life that is drawn. */
export function CornerErrorNote({ regions, cssPerPixel }: { regions: Region[]; cssPerPixel: number }) {
  const times = enlargement(regions, cssPerPixel);
  const largest = Math.max(...regions.map(({ major }) => major));
  return (
    <div className="corner-error-note">
      <dt>Corners, 95 %</dt>
      <dd>
        ± {pixels(largest, 2)}
        {times > 1 && <span className="readout-length"> drawn {times}-fold</span>}
      </dd>
    </div>
  );
}
