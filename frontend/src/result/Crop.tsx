import { useLayoutEffect, useRef } from "react";
import type { Role } from "../frame/RoleName";
import { type Size, matrixText } from "../viewer/geometry";
import type { ImageSource } from "../viewer/tiles";
import { showPlace } from "../viewer/showPlace";
import { usePictures } from "../viewer/usePictures";
import { drawPictures } from "./drawPictures";
import type { Patch } from "./informativePatches";

export const CROP = { width: 200, height: 200 }; // canvas px
const SHOWN = 320; // CSS px of the viewer that a patch takes

interface Props {
  role: Role;
  number: number;
  source: ImageSource;
  image: Size;
  preview: HTMLImageElement;
  fixedFromImage: DOMMatrix;
  patch: Patch;
}

/** One patch of the fixed image, cut out of either image at up to its full resolution. */
export function Crop({ role, number, source, image, preview, fixedFromImage, patch }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const canvasFromImage = canvasFromFixed(patch).multiply(fixedFromImage);
  const found = usePictures(source, image, preview, canvasFromImage, CROP);
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (context && found) drawPictures(context, found.pictures, canvasFromImage);
  });
  return (
    <button
      type="button"
      className="crop"
      aria-label={`Detail ${number} of the ${role} image: show it in the viewer`}
      onClick={() => showPlace({ x: patch.x, y: patch.y, zoom: SHOWN / patch.side })}
    >
      <canvas
        ref={canvas}
        {...CROP}
        aria-hidden="true"
        data-crop={role}
        data-tiles={found && `${found.tilesDrawn}/${found.tilesNeeded}`}
        data-canvas-from-image={matrixText(canvasFromImage)}
      />
    </button>
  );
}

function canvasFromFixed({ x, y, side }: Patch): DOMMatrix {
  return new DOMMatrix()
    .translate(CROP.width / 2, CROP.height / 2)
    .scale(CROP.width / side)
    .translate(-x, -y);
}
