import { type KeyboardEvent, useCallback, useMemo, useRef } from "react";
import type { Registration, Result } from "../api/types";
import { Marks } from "../correct/Marks";
import type { Hand } from "../correct/useHand";
import { ProblemNote } from "../frame/ProblemNote";
import { RoleName } from "../frame/RoleName";
import { type Camera, fit } from "./camera";
import { CornerErrorNote, CornerErrors } from "./CornerErrors";
import { cornerErrors } from "./cornerErrors";
import { OverlayCanvas } from "./OverlayCanvas";
import { Outlines } from "./Outlines";
import { Readout } from "./Readout";
import { ScaleBar } from "./ScaleBar";
import { StageButtons } from "./StageButtons";
import { changeByKey } from "./keys";
import { type CanvasSize, canvasSpot } from "./useCanvasSize";
import { type HandPointer, type Spot, useNavigation } from "./useNavigation";
import { useSight } from "./useSight";
import type { ChangeView } from "./useView";
import type { View } from "./view";

interface Props {
  registration: Registration;
  result: Result;
  size: CanvasSize;
  view: View;
  change: ChangeView;
  placed: DOMMatrix | null; // by hand, in place of what was found
  hand: Hand | null; // while somebody corrects
}

/** Where the images are drawn, and what a pointer or a key does there. */
export function Stage({ registration, result, size, view, change, placed, hand }: Props) {
  const stage = useRef<HTMLDivElement>(null);
  const sight = useSight({ registration, result, corrected: placed, view: hand ? { ...view, before: false } : view, size });
  const side = view.mode === "side";
  const predicted = view.errors && !view.before && !side && placed === null;
  const regions = useMemo(() => (predicted ? cornerErrors(result, sight.sizes) : []), [predicted, result, sight.sizes]);
  const steer = useCallback(
    (step: (camera: Camera) => Camera) =>
      change((now) => ({ camera: step(now.camera ?? fit(sight.sizes.fixed, size, now.mode === "side")) })),
    [change, sight.sizes, size],
  );
  const { hover, handlers } = useNavigation(stage, steer, hand && hand.tool !== "look" ? byHand(hand, sight.canvasFromFixed, size, side) : null);

  function middleOnFixed(): DOMPoint {
    const { x, y } = canvasSpot({ x: size.width / size.density / 2, y: size.height / size.density / 2 }, size, side);
    return sight.canvasFromFixed.inverse().transformPoint({ x, y });
  }

  function press(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (hand?.nudge(event.key, event.shiftKey)) return event.preventDefault();
    if (hand?.tool === "points" && event.key === "Enter") return hand.tap(middleOnFixed());
    const wanted = changeByKey(event.key, event.shiftKey, view, sight.camera);
    if (!wanted) return;
    event.preventDefault();
    change(wanted);
  }

  return (
    <>
      <div
        className={hand ? `stage stage-${hand.tool}` : "stage"}
        ref={stage}
        tabIndex={0}
        role="application"
        aria-label="Both images"
        aria-describedby="viewer-help"
        onKeyDown={press}
        {...handlers}
      >
        {sight.scene && <OverlayCanvas scene={sight.scene} />}
        {!side && (
          <Outlines size={size} sight={sight} divider={view.mode === "swipe" ? view.blend * size.width : null}>
            <CornerErrors regions={regions} canvasFromFixed={sight.canvasFromFixed} density={size.density} />
            {hand && <Marks hand={hand} canvasFromFixed={sight.canvasFromFixed} />}
          </Outlines>
        )}
        {side && <HalfNames />}
        <ScaleBar pixelSpacing={result.fixed.pixel_spacing_um} cssPerPixel={sight.camera.zoom} />
      </div>
      <StageButtons view={view} camera={sight.camera} change={change} />
      <Readout sight={sight} size={size} spot={hover} side={side} result={result}>
        {regions.length > 0 && <CornerErrorNote regions={regions} cssPerPixel={sight.camera.zoom} />}
      </Readout>
      {sight.missing && (
        <ProblemNote title="No picture.">The previews could not be loaded; this page keeps trying.</ProblemNote>
      )}
    </>
  );
}

/** Which image is on which side. */
function HalfNames() {
  return (
    <div className="half-names">
      <RoleName role="fixed" />
      <RoleName role="moving" />
    </div>
  );
}

/** A pointer's spots on the stage, told to the hand in points of the fixed image. */
function byHand(hand: Hand, canvasFromFixed: DOMMatrix, size: CanvasSize, side: boolean): HandPointer {
  const back = canvasFromFixed.inverse();
  const onFixed = (spot: Spot) => back.transformPoint(canvasSpot(spot, size, side));
  return {
    begin: hand.begin,
    drag: hand.tool === "points" ? null : (from, to) => hand.drag(onFixed(from), onFixed(to)),
    tap: (spot) => hand.tap(onFixed(spot)),
  };
}
