import { useId } from "react";
import type { Result } from "../api/types";
import { useUnusedPicture } from "../areas/useUnusedPicture";
import type { Role } from "../frame/RoleName";
import type { Size } from "./geometry";
import type { CanvasSize } from "./useCanvasSize";
import type { SceneState } from "./useScene";

const COLOURS = { fixed: [255, 106, 213], moving: [95, 224, 124] } as const;

interface Props {
  result: Result;
  size: CanvasSize;
  sceneState: SceneState;
  side: boolean; // each half shows one image, with the middle of the canvas in its middle
}

/** Hatched where an image was not used for the registration. */
export function UnusedAreas({ result, size, sceneState, side }: Props) {
  const { canvasFromFixed, canvasFromMoving, sizes } = sceneState;
  const id = useId();
  const shift = side ? Math.floor(size.width / 4) : 0;
  const layers = [
    { role: "fixed", canvasFromImage: canvasFromFixed, x: -shift, start: 0 },
    { role: "moving", canvasFromImage: canvasFromMoving, x: shift, start: 0.5 },
  ] as const;
  return (
    <svg className="outlines" viewBox={`0 0 ${size.width} ${size.height}`} aria-hidden="true">
      {layers.map(({ role, canvasFromImage, x, start }) => (
        <g key={role} clipPath={side ? `url(#${id}-${role})` : undefined}>
          {side && (
            <clipPath id={`${id}-${role}`}>
              <rect x={start * size.width} width={size.width / 2} height={size.height} />
            </clipPath>
          )}
          <Layer
            role={role}
            runs={result.usable_area?.[role]?.runs}
            image={sizes[role]}
            canvasFromImage={new DOMMatrix().translate(x, 0).multiply(canvasFromImage)}
          />
        </g>
      ))}
    </svg>
  );
}

interface LayerProps {
  role: Role;
  runs: number[] | undefined;
  image: Size;
  canvasFromImage: DOMMatrix;
}

function Layer({ role, runs, image, canvasFromImage: { a, b, c, d, e, f } }: LayerProps) {
  const picture = useUnusedPicture(runs, image, COLOURS[role]);
  if (picture === null) return null;
  return (
    <image
      href={picture}
      data-unused={role}
      {...{ x: -0.5, y: -0.5, width: image.width, height: image.height }}
      preserveAspectRatio="none"
      transform={`matrix(${[a, b, c, d, e, f].join(" ")})`}
    />
  );
}

/** Whether something of either image was not used. */
export function hasUnusedAreas({ usable_area }: Result): boolean {
  return [usable_area?.fixed, usable_area?.moving].some((area) => (area?.runs.length ?? 0) > 1);
}
