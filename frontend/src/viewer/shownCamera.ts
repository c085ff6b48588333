import { type Camera, fit } from "./camera";
import { boundsOf, detailOf, enlarged } from "./detail";
import { type Sizes, outline } from "./geometry";
import type { CanvasSize } from "./useCanvasSize";
import type { View } from "./view";

const SURROUNDINGS = 1.4; // widths of the detail that are shown, as in the figure

/**
 * The camera of a view. One without its own shows the surroundings of a detail, or the whole fixed image where
 * the fields of view are similar. `placed`: fixed_from_moving of the position that is looked at.
 */
export function shownCamera(
  view: Pick<View, "camera" | "mode" | "before">,
  sizes: Sizes,
  placed: DOMMatrix,
  canvas: CanvasSize,
): Camera {
  if (view.camera !== null && view.camera !== "whole") return view.camera;
  const halves = view.mode === "side";
  const detail = detailOf(sizes, placed);
  const corners = { fixed: outline(sizes.fixed, new DOMMatrix()), moving: outline(sizes.moving, placed) };
  if (detail === null || view.camera === "whole" || view.before)
    return fit(boundsOf([...corners.fixed, ...corners.moving]), canvas, halves);
  return fit(enlarged(boundsOf(corners[detail]), SURROUNDINGS), canvas, halves);
}
