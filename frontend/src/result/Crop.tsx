import { useLayoutEffect, useRef } from "react";
import type { Role } from "../frame/RoleName";
import { type Size, matrixText } from "../viewer/geometry";
import { usePictures } from "../viewer/usePictures";
import { drawPictures } from "./drawPictures";
import type { Place } from "./places";

export const CROP = { width: 200, height: 200 }; // canvas px

interface Props {
  role: Role;
  number: number;
  id: string; // of the image
  image: Size;
  preview: HTMLImageElement;
  fixedFromImage: DOMMatrix;
  place: Place;
}

/** A place of the fixed image as one of the images shows it, as far as it can down to that image's own pixels. */
export function Crop({ role, number, id, image, preview, fixedFromImage, place }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const canvasFromImage = canvasFromFixed(place).multiply(fixedFromImage);
  const found = usePictures(id, image, preview, canvasFromImage, CROP);
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    if (context && found) drawPictures(context, found.pictures, canvasFromImage);
  });
  return (
    <span className="crop">
      <canvas
        ref={canvas}
        {...CROP}
        role="img"
        aria-label={`Place ${number} in the ${role} image`}
        data-crop={role}
        data-tiles={found && `${found.tilesDrawn}/${found.tilesNeeded}`}
        data-canvas-from-image={matrixText(canvasFromImage)}
      />
    </span>
  );
}

function canvasFromFixed({ x, y, side }: Place): DOMMatrix {
  return new DOMMatrix()
    .translate(CROP.width / 2, CROP.height / 2)
    .scale(CROP.width / side)
    .translate(-x, -y);
}
