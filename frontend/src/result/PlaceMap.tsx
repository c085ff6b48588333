import type { Role } from "../frame/RoleName";
import { type Size, centreOf, outline } from "../viewer/geometry";
import { usePreview } from "../viewer/usePreview";

interface Props {
  preview: string; // URL, of the overview
  overview: Size;
  detail: Size;
  role: Role; // of the detail
  places: DOMMatrix[]; // overview_from_detail
  shown: number;
  label: string;
  onShow: (index: number) => void;
}

const LETTERS = 0.06; // of the overview's longer side

/** The overview with the outlines of the detail: solid at the place that is shown, dashed at the others. */
export function PlaceMap({ preview, overview, detail, role, places, shown, label, onShow }: Props) {
  const picture = usePreview(preview);
  const { width, height } = overview;
  const lastIsOnTop = [...places.keys()].sort((a, b) => Number(a === shown) - Number(b === shown));
  return (
    <svg
      className="place-map well"
      viewBox={`-0.5 -0.5 ${width} ${height}`}
      style={{ aspectRatio: `${width} / ${height}`, fontSize: LETTERS * Math.max(width, height) }}
      role="img"
      aria-label={label}
    >
      {picture instanceof HTMLImageElement && (
        <image href={picture.src} {...{ x: -0.5, y: -0.5, width, height }} preserveAspectRatio="none" />
      )}
      {lastIsOnTop.map((index) => (
        <Place
          key={index}
          number={places.length > 1 ? index + 1 : null}
          corners={outline(detail, places[index]!)}
          middle={places[index]!.transformPoint(centreOf(detail))}
          className={index === shown ? `place place-shown place-${role}` : `place place-${role}`}
          onShow={() => onShow(index)}
        />
      ))}
    </svg>
  );
}

interface PlaceProps {
  number: number | null;
  corners: DOMPoint[];
  middle: DOMPoint;
  className: string;
  onShow: () => void;
}

function Place({ number, corners, middle, className, onShow }: PlaceProps) {
  const points = corners.map(({ x, y }) => `${x.toFixed(2)},${y.toFixed(2)}`).join(" ");
  return (
    <g className={className} onClick={onShow}>
      <polygon className="place-halo" points={points} />
      <polygon className="place-outline" points={points} data-place={number ?? 1} />
      {number !== null && (
        <text x={middle.x} y={middle.y}>
          {number}
        </text>
      )}
    </g>
  );
}
