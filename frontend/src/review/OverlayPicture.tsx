import { useLayoutEffect, useMemo, useRef } from "react";
import type { Registration, Result } from "../api/types";
import { coloured } from "../result/drawPictures";
import { canvasFromFixed } from "../viewer/camera";
import { affine, sizeOf } from "../viewer/geometry";
import { wholePicture } from "../viewer/picture";
import { shownCamera } from "../viewer/shownCamera";
import { smallOf, usePreview } from "../viewer/usePreview";
import { useVisible } from "./useVisible";

interface Props {
  registration: Registration;
  result: Result;
  side: number; // canvas px
  small?: boolean; // from the small previews
}

const COLOURS = { fixed: "#f0f", moving: "#0f0" } as const;

/** The magenta-green overlay, drawn of previews when it comes into view. */
export function OverlayPicture({ registration, result, side, small = false }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const visible = useVisible(canvas);
  const [fixed, moving] = (["fixed", "moving"] as const).map((role) =>
    small ? smallOf(registration.links[`${role}_preview`]) : registration.links[`${role}_preview`],
  ) as [string, string];
  const fixedPreview = usePreview(visible ? fixed : null);
  const movingPreview = usePreview(visible ? moving : null);
  const place = useMemo(() => {
    const sizes = { fixed: sizeOf(result.fixed.shape), moving: sizeOf(result.moving.shape) };
    const fixedFromMoving = affine(result.fixed_from_moving);
    const size = { width: side, height: side, density: 1 };
    const camera = shownCamera({ camera: null, mode: "colour", before: false }, sizes, fixedFromMoving, size);
    const fixedOnCanvas = canvasFromFixed(camera, size);
    return { sizes, fixed: fixedOnCanvas, moving: fixedOnCanvas.multiply(fixedFromMoving) };
  }, [result, side]);
  useLayoutEffect(() => {
    const previews = { fixed: fixedPreview, moving: movingPreview };
    const context = canvas.current?.getContext("2d");
    if (!context || !canvas.current) return;
    context.clearRect(0, 0, side, side);
    context.globalCompositeOperation = "lighter";
    for (const role of ["fixed", "moving"] as const) {
      const preview = previews[role];
      if (!(preview instanceof HTMLImageElement)) continue;
      const pictures = [wholePicture(place.sizes[role], preview)];
      context.drawImage(coloured(pictures, COLOURS[role], place[role], { width: side, height: side }), 0, 0);
    }
    const drawn = previews.fixed instanceof HTMLImageElement && previews.moving instanceof HTMLImageElement;
    canvas.current.dataset["drawn"] = drawn ? "yes" : "no";
  }, [fixedPreview, movingPreview, place, side]);
  return <canvas ref={canvas} width={side} height={side} aria-hidden="true" />;
}
