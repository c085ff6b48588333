import { useMemo } from "react";
import type { Registration, Result } from "../api/types";
import { type Camera, canvasFromFixed, fit } from "./camera";
import { type Size, type Sizes, affine, between, centreOf, sizeOf, unregistered } from "./geometry";
import type { Layer, Scene } from "./gl/renderer";
import { modeOf } from "./modes";
import { type Tone, curveOf, histogramOf } from "./tones";
import type { CanvasSize } from "./useCanvasSize";
import { useFlicker } from "./useFlicker";
import { usePictures } from "./usePictures";
import { type Preview, usePreview } from "./usePreview";
import { useGlide } from "./useGlide";
import type { View } from "./view";

/** What is drawn now, and where a point of the canvas lies in the images. */
export interface Sight {
  scene: Scene | null; // null while the previews come
  missing: boolean;
  camera: Camera;
  sizes: Sizes;
  canvasFromFixed: DOMMatrix;
  fixedFromMoving: DOMMatrix;
}

interface Asked {
  registration: Registration;
  result: Result;
  corrected: DOMMatrix | null; // by hand, in place of what was found
  view: View;
  size: CanvasSize;
}

export function useSight({ registration, result, corrected, view, size }: Asked): Sight {
  const sizes = useMemo(() => ({ fixed: sizeOf(result.fixed.shape), moving: sizeOf(result.moving.shape) }), [result]);
  const camera = view.camera ?? fit(sizes.fixed, size, view.mode === "side");
  const fixedOnCanvas = canvasFromFixed(camera, size);
  const fixedFromMoving = usePlace(result, corrected, view.before, sizes);
  const links = registration.links;
  const previews = { fixed: usePreview(links.fixed_preview), moving: usePreview(links.moving_preview) };
  const blend = useFlicker(view);
  const mode = modeOf(view.mode);
  const fixed = useLayer(registration.fixed_image_id, sizes.fixed, previews.fixed, fixedOnCanvas, size, view.tones.fixed);
  const movingOnCanvas = fixedOnCanvas.multiply(fixedFromMoving);
  const moving = useLayer(registration.moving_image_id, sizes.moving, previews.moving, movingOnCanvas, size, view.tones.moving);
  return {
    scene: fixed && moving && { size, fixed, moving, compose: mode.compose, amount: mode.amount(blend) },
    missing: previews.fixed === "missing" || previews.moving === "missing",
    camera,
    sizes,
    canvasFromFixed: fixedOnCanvas,
    fixedFromMoving,
  };
}

/** Where the moving image lies: as found or corrected, or as the microscopes left it, or on the way. */
function usePlace(result: Result, corrected: DOMMatrix | null, before: boolean, sizes: Sizes): DOMMatrix {
  const found = useMemo(() => affine(result.fixed_from_moving), [result]);
  const share = useGlide(before ? 0 : 1);
  const after = corrected ?? found;
  if (share === 1) return after;
  const spacing = { fixed: result.fixed.pixel_spacing_um, moving: result.moving.pixel_spacing_um };
  return between(unregistered(sizes, spacing), after, share, centreOf(sizes.moving));
}

function useLayer(
  id: string,
  image: Size,
  loaded: Preview,
  canvasFromImage: DOMMatrix,
  canvas: CanvasSize,
  tone: Tone,
): Layer | null {
  const ready = loaded instanceof HTMLImageElement ? loaded : null;
  const histogram = useMemo(() => (ready && tone.clip > 0 ? histogramOf(ready) : new Uint32Array(256)), [ready, tone.clip > 0]);
  const pictures = usePictures(id, image, loaded, canvasFromImage, canvas);
  return pictures && { ...pictures, canvasFromImage, tone: curveOf(tone, histogram) };
}
