import { useId } from "react";
import { length, pixels } from "../quantities";
import { paneShift } from "./panes";
import type { CanvasSize } from "./useCanvasSize";

const LEAST = 70; // CSS px between lines

/** The distance of the lines: 1, 2 or 5 times a power of ten, in micrometres where the spacing is known. */
export function gridStep(cssPerPixel: number, spacing: number | null): { px: number; text: string } {
  const unit = spacing ?? 1;
  const least = (LEAST / cssPerPixel) * unit;
  const decade = 10 ** Math.floor(Math.log10(least));
  const step = decade * ([1, 2, 5].find((factor) => factor * decade >= least) ?? 10);
  return { px: step / unit, text: spacing === null ? pixels(step, step < 1 ? 2 : 0) : length(step, 1) };
}

interface Props {
  size: CanvasSize;
  canvasFromFixed: DOMMatrix;
  cssPerPixel: number;
  spacing: number | null; // um for each px of the fixed image
  side: boolean;
}

/** Lines at even distances from the first pixel of the fixed image. */
export function Grid({ size, canvasFromFixed: { e, f }, cssPerPixel, spacing, side }: Props) {
  const id = useId();
  const { px, text } = gridStep(cssPerPixel, spacing);
  const step = px * cssPerPixel * size.density;
  const parts = side ? (["fixed", "moving"] as const) : [null];
  return (
    <>
      <svg
        className="outlines grid"
        viewBox={`0 0 ${size.width} ${size.height}`}
        aria-hidden="true"
        data-step={px}
      >
        {parts.map((role) => (
          <g key={role}>
            <pattern
              id={`${id}-${role}`}
              width={step}
              height={step}
              patternUnits="userSpaceOnUse"
              patternTransform={`translate(${e + (role ? paneShift(role, size) : 0)} ${f})`}
            >
              <path d={`M0 ${step}V0H${step}`} />
            </pattern>
            <rect
              x={role === "moving" ? size.width / 2 : 0}
              width={role ? size.width / 2 : size.width}
              height={size.height}
              fill={`url(#${id}-${role})`}
            />
          </g>
        ))}
      </svg>
      <span className="grid-step">Grid {text}</span>
    </>
  );
}
