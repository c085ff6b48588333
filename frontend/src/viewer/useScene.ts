import { useMemo } from "react";
import type { Registration, Result } from "../api/types";
import { type Camera, canvasFromFixed } from "./camera";
import { detailOf } from "./detail";
import {
  type Size,
  type Sizes,
  affine,
  interpolateSimilarity,
  centreOf,
  sizeOf,
  unregistered,
} from "./geometry";
import type { Layer, Scene } from "./gl/renderer";
import { modeOf } from "./modes";
import { shownCamera } from "./shownCamera";
import { sourceOf } from "./source";
import type { ImageSource } from "./tiles";
import { type Tone, curveOf, histogramOf } from "./tones";
import type { CanvasSize } from "./useCanvasSize";
import { useFlicker } from "./useFlicker";
import { usePictures } from "./usePictures";
import { type Preview, usePreview } from "./usePreview";
import { useAnimatedValue } from "./useAnimatedValue";
import type { View } from "./view";

/** The scene to draw, and the transforms between canvas and images. */
export interface SceneState {
  scene: Scene | null; // null while the previews load
  missing: boolean;
  camera: Camera;
  hasDetail: boolean; // one image shows a part of the other
  sizes: Sizes;
  canvasFromFixed: DOMMatrix;
  fixedFromMoving: DOMMatrix;
}

interface SceneOptions {
  registration: Registration;
  result: Result;
  corrected: DOMMatrix | null; // a manual correction in place of the result
  placed: DOMMatrix; // the position that the camera looks at where it has no other
  view: View;
  size: CanvasSize;
}

export function useScene({ registration, result, corrected, placed, view, size }: SceneOptions): SceneState {
  const sizes = useMemo(
    () => ({ fixed: sizeOf(result.fixed.shape), moving: sizeOf(result.moving.shape) }),
    [result],
  );
  const camera = shownCamera(view, sizes, placed, size);
  const fixedOnCanvas = canvasFromFixed(camera, size);
  const fixedFromMoving = useMovingTransform(result, corrected, view.before, sizes);
  const links = registration.links;
  const previews = { fixed: usePreview(links.fixed_preview), moving: usePreview(links.moving_preview) };
  const blend = useFlicker(view);
  const mode = modeOf(view.mode);
  const fixed = useLayer(
    sourceOf(registration, "fixed"),
    sizes.fixed,
    previews.fixed,
    fixedOnCanvas,
    size,
    view.tones.fixed,
  );
  const movingOnCanvas = fixedOnCanvas.multiply(fixedFromMoving);
  const moving = useLayer(
    sourceOf(registration, "moving"),
    sizes.moving,
    previews.moving,
    movingOnCanvas,
    size,
    view.tones.moving,
  );
  return {
    scene: fixed && moving && { size, fixed, moving, compose: mode.compose, amount: mode.amount(blend) },
    missing: previews.fixed === "missing" || previews.moving === "missing",
    camera,
    hasDetail: useMemo(() => detailOf(sizes, placed) !== null, [sizes, placed]),
    sizes,
    canvasFromFixed: fixedOnCanvas,
    fixedFromMoving,
  };
}

/** Position of the moving image: registered or corrected, unregistered, or animated in between. */
function useMovingTransform(
  result: Result,
  corrected: DOMMatrix | null,
  before: boolean,
  sizes: Sizes,
): DOMMatrix {
  const found = useMemo(() => affine(result.fixed_from_moving), [result]);
  const share = useAnimatedValue(before ? 0 : 1);
  const after = corrected ?? found;
  if (share === 1) return after;
  const spacing = { fixed: result.fixed.pixel_spacing_um, moving: result.moving.pixel_spacing_um };
  return interpolateSimilarity(unregistered(sizes, spacing), after, share, centreOf(sizes.moving));
}

function useLayer(
  source: ImageSource,
  image: Size,
  loaded: Preview,
  canvasFromImage: DOMMatrix,
  canvas: CanvasSize,
  tone: Tone,
): Layer | null {
  const ready = loaded instanceof HTMLImageElement ? loaded : null;
  const clipping = tone.clip > 0;
  const histogram = useMemo(
    () => (ready && clipping ? histogramOf(ready) : new Uint32Array(256)),
    [ready, clipping],
  );
  const pictures = usePictures(source, image, loaded, canvasFromImage, canvas);
  return pictures && { ...pictures, canvasFromImage, tone: curveOf(tone, histogram) };
}
