import { type KeyboardEvent, useCallback, useMemo, useRef } from "react";
import type { Registration, Result } from "../api/types";
import { PointMarkers } from "../correct/PointMarkers";
import type { ManualAlignment } from "../correct/useManualAlignment";
import { ProblemNote } from "../frame/ProblemNote";
import { RoleName } from "../frame/RoleName";
import type { Camera } from "./camera";
import { CornerErrorNote, CornerErrors } from "./CornerErrors";
import { cornerErrors } from "./cornerErrors";
import { OverlayCanvas } from "./OverlayCanvas";
import { Outlines } from "./Outlines";
import { Readout } from "./Readout";
import { ScaleBar } from "./ScaleBar";
import { shownCamera } from "./shownCamera";
import { StageButtons } from "./StageButtons";
import { changeByKey } from "./keys";
import { type CanvasSize, canvasPosition } from "./useCanvasSize";
import { type PointerActions, type PointerPosition, useNavigation } from "./useNavigation";
import { UnusedAreas } from "./UnusedAreas";
import { useScene } from "./useScene";
import type { ChangeView } from "./useView";
import type { View } from "./view";

interface Props {
  registration: Registration;
  result: Result;
  size: CanvasSize;
  view: View;
  change: ChangeView;
  corrected: DOMMatrix | null; // a manual correction or another place, instead of the result
  placed: DOMMatrix; // the position that the camera looks at where it has no other
  alignment: ManualAlignment | null; // null unless a manual correction is in progress
}

/** The drawing area with its pointer and keyboard controls. */
export function Stage({ registration, result, size, view, change, corrected, placed, alignment }: Props) {
  const stage = useRef<HTMLDivElement>(null);
  const sceneState = useScene({
    registration,
    result,
    corrected,
    placed,
    view: alignment ? { ...view, before: false } : view,
    size,
  });
  const side = view.mode === "side";
  const predicted = view.errors && !view.before && !side && corrected === null;
  const ellipses = useMemo(
    () => (predicted ? cornerErrors(result, sceneState.sizes) : []),
    [predicted, result, sceneState.sizes],
  );
  const changeCamera = useCallback(
    (step: (camera: Camera) => Camera) =>
      change((now) => ({
        camera: step(shownCamera(now, sceneState.sizes, placed, size)),
      })),
    [change, sceneState.sizes, placed, size],
  );
  const { hover, handlers } = useNavigation(
    stage,
    changeCamera,
    alignment && alignment.tool !== "look"
      ? pointerActions(alignment, sceneState.canvasFromFixed, size, side)
      : null,
  );

  function middleOfFixed(): DOMPoint {
    const { x, y } = canvasPosition(
      { x: size.width / size.density / 2, y: size.height / size.density / 2 },
      size,
      side,
    );
    return sceneState.canvasFromFixed.inverse().transformPoint({ x, y });
  }

  function handleKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (alignment?.nudge(event.key, event.shiftKey)) return event.preventDefault();
    if (alignment?.tool === "points" && event.key === "Enter") return alignment.addPoint(middleOfFixed());
    const viewChange = changeByKey(event.key, event.shiftKey, view, sceneState.camera, sceneState.hasDetail);
    if (!viewChange) return;
    event.preventDefault();
    change(viewChange);
  }

  return (
    <>
      <div
        className={alignment ? `stage stage-${alignment.tool}` : "stage"}
        ref={stage}
        tabIndex={0}
        role="application"
        aria-label="Both images"
        aria-describedby="viewer-help"
        onKeyDown={handleKey}
        {...handlers}
      >
        {sceneState.scene ? (
          <OverlayCanvas scene={sceneState.scene} />
        ) : (
          !sceneState.missing && (
            <p className="stage-coming" role="status">
              Loading the images…
            </p>
          )
        )}
        {view.unused && <UnusedAreas result={result} size={size} sceneState={sceneState} side={side} />}
        {!side && (
          <Outlines
            size={size}
            sceneState={sceneState}
            divider={view.mode === "swipe" ? view.blend * size.width : null}
          >
            <CornerErrors
              ellipses={ellipses}
              canvasFromFixed={sceneState.canvasFromFixed}
              density={size.density}
            />
            {alignment && <PointMarkers alignment={alignment} canvasFromFixed={sceneState.canvasFromFixed} />}
          </Outlines>
        )}
        {side && <SideLabels />}
        <ScaleBar pixelSpacing={result.fixed.pixel_spacing_um} cssPerPixel={sceneState.camera.zoom} />
      </div>
      <StageButtons view={view} camera={sceneState.camera} hasDetail={sceneState.hasDetail} change={change} />
      <Readout sceneState={sceneState} size={size} position={hover} side={side} result={result}>
        {ellipses.length > 0 && <CornerErrorNote ellipses={ellipses} cssPerPixel={sceneState.camera.zoom} />}
      </Readout>
      {sceneState.missing && (
        <ProblemNote title="No picture.">
          The previews could not be loaded; this page keeps trying.
        </ProblemNote>
      )}
    </>
  );
}

/** Names of the images in side-by-side mode. */
function SideLabels() {
  return (
    <div className="half-names">
      <RoleName role="fixed" />
      <RoleName role="moving" />
    </div>
  );
}

/** Pointer actions of the manual alignment, with positions mapped to points of the fixed image. */
function pointerActions(
  alignment: ManualAlignment,
  canvasFromFixed: DOMMatrix,
  size: CanvasSize,
  side: boolean,
): PointerActions {
  const back = canvasFromFixed.inverse();
  const onFixed = (position: PointerPosition) => back.transformPoint(canvasPosition(position, size, side));
  return {
    begin: alignment.beginDrag,
    drag: alignment.tool === "points" ? null : (from, to) => alignment.drag(onFixed(from), onFixed(to)),
    tap: (position) => alignment.addPoint(onFixed(position)),
  };
}
