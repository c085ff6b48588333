import type { Size } from "../viewer/geometry";
import { type Area, pathOf } from "./area";

/** Areas in px of their image, for an SVG whose user space these are; outside of included areas it is dark. */
export function AreaShapes({ areas, size, marked }: { areas: Area[]; size: Size; marked?: number | null }) {
  const included = areas.filter(({ kind }) => kind === "include");
  const whole = `M-.5-.5H${size.width - 0.5}V${size.height - 0.5}H-.5Z`;
  return (
    <>
      {included.length > 0 && (
        <path className="area-outside" fillRule="evenodd" d={whole + included.map(pathOf).join("")} />
      )}
      {areas.map((area, index) => (
        <g key={index} className={`area area-${area.kind} ${index === marked ? "area-marked" : ""}`}>
          <path className="area-halo" d={pathOf(area)} />
          <path className="area-line" fillRule="evenodd" d={pathOf(area)} />
        </g>
      ))}
    </>
  );
}
