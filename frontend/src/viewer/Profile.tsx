import { type PointerEvent, useMemo, useState } from "react";
import type { Registration, Result } from "../api/types";
import { RoleName, type Role } from "../frame/RoleName";
import { length, measured, pixels } from "../quantities";
import { type Line, lengthOf, samples } from "./line";
import { useValues } from "./useValues";
import "./profile.css";

const [WIDTH, HEIGHT] = [640, 120];
const ROLES = ["fixed", "moving"] as const;

interface Props {
  registration: Registration;
  result: Result;
  fixedFromMoving: DOMMatrix;
  line: Line;
}

/** Values of both images along a line of the fixed image, each over its own range. */
export function Profile({ registration, result, fixedFromMoving, line }: Props) {
  const points = useMemo(() => samples(line), [line]);
  const moving = useMemo(() => {
    const back = fixedFromMoving.inverse();
    return points.map((point) => back.transformPoint(point)).map(({ x, y }) => ({ x, y }));
  }, [points, fixedFromMoving]);
  const values = useValues(registration, points.length > 0 ? { fixed: points, moving } : null, "linear");
  const [share, setShare] = useState<number | null>(null);
  const px = lengthOf(line);
  const spacing = result.fixed.pixel_spacing_um;
  const far = (part: number) => (spacing === null ? pixels(part * px, 1) : length(part * px * spacing));
  if (points.length === 0)
    return (
      <p className="hint profile" role="status">
        {line.length === 1 ? "Now the other end of the line." : "Drag a line on the images."}
      </p>
    );
  const at = share === null ? null : Math.round(share * (points.length - 1));
  const move = ({ currentTarget, clientX }: PointerEvent<SVGElement>) => {
    const { left, width } = currentTarget.getBoundingClientRect();
    setShare(Math.min(Math.max((clientX - left) / width, 0), 1));
  };
  return (
    <section className="profile" aria-label="Profile">
      <div className="profile-head">
        <dl>
          <div>
            <dt>Length</dt>
            <dd data-profile="length">
              {spacing !== null && `${length(px * spacing)} · `}
              {pixels(px, 1)}
            </dd>
          </div>
          {ROLES.map((role) => (
            <div key={role}>
              <dt>
                <RoleName role={role} />
              </dt>
              <dd data-profile={role}>{words(values?.[role], at)}</dd>
            </div>
          ))}
          {share !== null && (
            <div>
              <dt>at</dt>
              <dd>{far(share)}</dd>
            </div>
          )}
        </dl>
        {values && (
          <a className="profile-table" download="profile.csv" href={table(values, px, spacing)}>
            CSV
          </a>
        )}
      </div>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Values along ${far(1)}: fixed ${words(values?.fixed, null)}, moving ${words(values?.moving, null)}`}
        onPointerMove={move}
        onPointerLeave={() => setShare(null)}
      >
        {values &&
          ROLES.map((role) => <path key={role} className={`profile-${role}`} d={path(values[role])} />)}
        {share !== null && <path className="profile-at" d={`M${share * WIDTH} 0V${HEIGHT}`} />}
      </svg>
      <p className="profile-axis" aria-hidden="true">
        <span>0</span>
        <span>{far(0.5)}</span>
        <span>{far(1)}</span>
      </p>
    </section>
  );
}

function rangeOf(values: (number | null)[]): [number, number] | null {
  const known = values.filter((value) => value !== null);
  return known.length > 0 ? [Math.min(...known), Math.max(...known)] : null;
}

/** The value at a place of the line, or the range of all. */
function words(values: (number | null)[] | undefined, at: number | null): string {
  if (!values) return "…";
  if (at !== null) return measured(values[at] ?? null);
  const range = rangeOf(values);
  return range ? `${measured(range[0])} to ${measured(range[1])}` : "outside of the image";
}

function path(values: (number | null)[]): string {
  const [low, high] = rangeOf(values) ?? [0, 1];
  let pen = "M";
  return values
    .map((value, index) => {
      if (value === null) {
        pen = "M";
        return "";
      }
      const y = 4 + (HEIGHT - 8) * (1 - (value - low) / (high - low || 1));
      const step = `${pen}${((index / (values.length - 1)) * WIDTH).toFixed(1)} ${y.toFixed(1)}`;
      pen = "L";
      return step;
    })
    .join("");
}

function table(values: Record<Role, (number | null)[]>, px: number, spacing: number | null): string {
  const unit = spacing === null ? "px" : "um";
  const rows = values.fixed.map((value, index) => {
    const far = (index / (values.fixed.length - 1)) * px * (spacing ?? 1);
    return [far, value ?? "", values.moving[index] ?? ""].join();
  });
  return `data:text/csv,${encodeURIComponent([`distance_${unit},fixed,moving`, ...rows].join("\n"))}`;
}
