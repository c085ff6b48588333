import { pixels } from "../quantities";
import { type ConfidenceEllipse, enlargement } from "./cornerErrors";
import { magnification } from "./geometry";

interface Props {
  ellipses: ConfidenceEllipse[];
  canvasFromFixed: DOMMatrix;
  density: number;
}

/** The 95 % ellipse of each corner, enlarged where it would be too small to see. */
export function CornerErrors({ ellipses, canvasFromFixed, density }: Props) {
  const scale = magnification(canvasFromFixed);
  const times = enlargement(ellipses, scale / density);
  return ellipses.map(({ x, y, major, minor, angle }, index) => {
    const at = canvasFromFixed.transformPoint({ x, y });
    const [rx, ry] = [major, minor].map((length) => length * scale * times);
    const place = `translate(${at.x} ${at.y}) rotate(${angle})`;
    return (
      <g
        key={index}
        className="corner-error"
        transform={place}
        data-corner-error={[major, minor, times].join(" ")}
      >
        <ellipse className="corner-error-halo" rx={rx} ry={ry} />
        <ellipse rx={rx} ry={ry} />
      </g>
    );
  });
}

/** The largest corner error and the enlargement of the ellipses. */
export function CornerErrorNote({
  ellipses,
  cssPerPixel,
}: {
  ellipses: ConfidenceEllipse[];
  cssPerPixel: number;
}) {
  const times = enlargement(ellipses, cssPerPixel);
  const largest = Math.max(...ellipses.map(({ major }) => major));
  return (
    <div className="corner-error-note">
      <dt>Corners, 95 %</dt>
      <dd>
        ± {pixels(largest, 2)}
        {times > 1 && <span className="readout-length"> drawn {times} times larger</span>}
      </dd>
    </div>
  );
}
