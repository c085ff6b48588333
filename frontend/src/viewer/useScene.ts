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
import { MODES, modeOf } from "./modes";
import { type Panes, canvasFromMoving } from "./panes";
import { shownCamera } from "./shownCamera";
import { sourceOf } from "./source";
import type { ImageSource } from "./tiles";
import { type Tone, curveOf } from "./tones";
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
  canvasFromMoving: DOMMatrix;
  fixedFromMoving: DOMMatrix;
}

interface SceneOptions {
  registration: Registration;
  result: Result;
  corrected: DOMMatrix | null; // a manual correction in place of the result
  placed: DOMMatrix; // the position that the camera looks at where it has no other
  view: View;
  size: CanvasSize;
  panes: Panes | null; // instead of the overlay
}

export function useScene(options: SceneOptions): SceneState {
  const { registration, result, corrected, placed, view, size, panes } = options;
  const sizes = useMemo(
    () => ({ fixed: sizeOf(result.fixed.shape), moving: sizeOf(result.moving.shape) }),
    [result],
  );
  const camera = panes?.fixed ?? shownCamera(view, sizes, placed, size);
  const fixedOnCanvas = canvasFromFixed(camera, size);
  const fixedFromMoving = useMovingTransform(result, corrected, view.before, sizes);
  const links = registration.links;
  const previews = {
    fixed: usePreview(links.fixed_preview, isLarge(sizes.fixed)),
    moving: usePreview(links.moving_preview, isLarge(sizes.moving)),
  };
  const blend = useFlicker(view);
  const mode = panes ? MODES.side : modeOf(view.mode);
  const fixed = useLayer(
    sourceOf(registration, "fixed"),
    sizes.fixed,
    previews.fixed,
    fixedOnCanvas,
    size,
    view.tones.fixed,
  );
  const movingOnCanvas = panes ? canvasFromMoving(panes, size) : fixedOnCanvas.multiply(fixedFromMoving);
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
    canvasFromMoving: movingOnCanvas,
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
  const pictures = usePictures(source, image, loaded, canvasFromImage, canvas);
  const { table, colour } = tone;
  return pictures && { ...pictures, canvasFromImage, tone: curveOf(tone), table, colour };
}

/** Whether the small version of a preview is much smaller. */
function isLarge({ width, height }: Size): boolean {
  return Math.max(width, height) > 512;
}
