import { useId } from "react";
import type { Role } from "../frame/RoleName";
import { tableOf } from "./tables";
import { type Histogram, type Tone, curveOf, limits } from "./tones";

const HEIGHT = 64;
const NAMES = { low: "Black", high: "White" } as const;

interface Props {
  role: Role;
  histogram: Histogram;
  tone: Tone;
  onChange: (part: Partial<Tone>) => void;
}

/** The histogram of an image, a handle for each limit, and the curve from grey level to brightness. */
export function HistogramLimits({ role, histogram, tone, onChange }: Props) {
  const id = useId();
  const stops = tableOf(tone.table);
  return (
    <div className="histogram">
      <svg viewBox={`0 0 256 ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <path className="histogram-bars" d={bars(histogram)} />
        <path className="histogram-curve" d={curve(tone)} />
        <linearGradient id={id}>
          {Array.from({ length: 9 }, (_, step) => {
            const level = 4 * Math.round((tone.invert ? 8 - step : step) * 31.875);
            return (
              <stop key={step} offset={step / 8} stopColor={`rgb(${stops.slice(level, level + 3).join()})`} />
            );
          })}
        </linearGradient>
        <rect x={tone.low} y={HEIGHT - 4} width={tone.high - tone.low} height={4} fill={`url(#${id})`} />
      </svg>
      {(["low", "high"] as const).map((key) => (
        <input
          key={key}
          type="range"
          min={0}
          max={255}
          value={tone[key]}
          aria-label={`${NAMES[key]} level of the ${role} image`}
          onChange={(event) => onChange(limits({ ...tone, [key]: event.currentTarget.valueAsNumber }, key))}
        />
      ))}
      <output>
        {tone.low} to {tone.high}
      </output>
    </div>
  );
}

/** Bars with heights by the square root of the counts, so that rare levels can be seen. */
function bars(histogram: Histogram): string {
  const most = Math.sqrt(Math.max(...histogram.subarray(1, 255), 1));
  const tops = Array.from(histogram, (count) => HEIGHT * (1 - Math.min(Math.sqrt(count) / most, 1)));
  return `M0 ${HEIGHT}${tops.map((top, level) => `L${level} ${top.toFixed(1)}h1`).join("")}V${HEIGHT}Z`;
}

function curve(tone: Tone): string {
  const [low, gain, exponent, invert] = curveOf(tone);
  const points = Array.from({ length: 65 }, (_, step) => {
    const value = Math.min(Math.max((step / 64 - low) * gain, 0), 1) ** exponent;
    return `${step * 4} ${(HEIGHT * (invert ? value : 1 - value)).toFixed(1)}`;
  });
  return `M${points.join("L")}`;
}
