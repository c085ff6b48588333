import { useLayoutEffect, useRef, useState } from "react";
import { ProblemNote } from "../frame/ProblemNote";
import { Drawing } from "./drawing";
import { matrixText } from "./geometry";
import type { Scene } from "./gl/renderer";

/** Nothing but pixels: outlines and scale bar lie above, so that what is measured here is the images. */
export function OverlayCanvas({ scene }: { scene: Scene }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawing = useRef<Drawing | null>(null);
  const [able, setAble] = useState(true);

  // Layout effects: what is said of the picture beside it is true of it at any moment.
  useLayoutEffect(() => {
    if (!canvas.current) return;
    const made = new Drawing(canvas.current, setAble);
    drawing.current = made;
    return () => made.stop();
  }, []);
  useLayoutEffect(() => drawing.current?.show(scene));

  return (
    <>
      <canvas
        ref={canvas}
        role="img"
        aria-label="The moving image on the fixed image"
        data-canvas-from-fixed={matrixText(scene.fixed.canvasFromImage)}
        data-canvas-from-moving={matrixText(scene.moving.canvasFromImage)}
        data-tiles={`${scene.fixed.tilesDrawn + scene.moving.tilesDrawn}/${scene.fixed.tilesNeeded + scene.moving.tilesNeeded}`}
      />
      {!able && (
        <ProblemNote title="No overlay.">
          This browser does not offer WebGL 2. The picture under “Take home” shows the overlay all the same.
        </ProblemNote>
      )}
    </>
  );
}
