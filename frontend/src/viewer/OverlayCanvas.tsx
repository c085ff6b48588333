import { useLayoutEffect, useRef, useState } from "react";
import { ProblemNote } from "../frame/ProblemNote";
import { Drawing } from "./drawing";
import { matrixText } from "./geometry";
import type { Scene } from "./gl/renderer";

/** The image pixels only; outlines and scale bar are separate elements above the canvas. */
export function OverlayCanvas({ scene }: { scene: Scene }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawing = useRef<Drawing | null>(null);
  const [supported, setSupported] = useState(true);

  // Layout effects keep the data attributes in step with the drawn picture.
  useLayoutEffect(() => {
    if (!canvas.current) return;
    const made = new Drawing(canvas.current, setSupported);
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
      {!supported && (
        <ProblemNote title="No WebGL 2 in this browser:">
          the images are drawn more slowly, without contrast, lookup tables and squares.
        </ProblemNote>
      )}
    </>
  );
}
