import { type KeyboardEvent, useCallback, useMemo, useRef } from "react";
import type { Registration, Result } from "../api/types";
import type { Point } from "../areas/area";
import { PointMarkers } from "../correct/PointMarkers";
import type { ManualAlignment } from "../correct/useManualAlignment";
import { ProblemNote } from "../frame/ProblemNote";
import { RoleName, type Role } from "../frame/RoleName";
import { CornerErrorNote, CornerErrors } from "./CornerErrors";
import { cornerErrors } from "./cornerErrors";
import { OverlayCanvas } from "./OverlayCanvas";
import { sizeOf } from "./geometry";
import { Grid } from "./Grid";
import { type Line, NO_LINE, withEnd } from "./line";
import { lineActions } from "./lineDrawing";
import { Outlines } from "./Outlines";
import { ProfileLine } from "./ProfileLine";
import { Readout } from "./Readout";
import { ScaleBar } from "./ScaleBar";
import { shownCamera } from "./shownCamera";
import { StageButtons } from "./StageButtons";
import { changeByKey } from "./keys";
import { type CanvasSize, canvasPosition } from "./useCanvasSize";
import { PaneButtons } from "./PaneButtons";
import { PaneOverlay } from "./PaneOverlay";
import { paneAt, steppedPanes } from "./panes";
import { activePane, pickByKey, pickingActions } from "./picking";
import { type ChangeCamera, type PointerActions, type PointerPosition, useNavigation } from "./useNavigation";
import { usePanes } from "./usePanes";
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
  const sizes = useMemo(
    () => ({ fixed: sizeOf(result.fixed.shape), moving: sizeOf(result.moving.shape) }),
    [result],
  );
  const [panes, changePanes] = usePanes(alignment, sizes, size);
  const held = useRef<Line>(NO_LINE);
  const grabbed = useRef<{ index: number; role: Role } | null>(null);
  const sceneState = useScene({
    registration,
    result,
    corrected,
    placed,
    view: alignment ? { ...view, before: false } : view,
    size,
    panes,
  });
  const side = panes !== null || view.mode === "side";
  const predicted = view.errors && !view.before && !side && corrected === null;
  const ellipses = useMemo(
    () => (predicted ? cornerErrors(result, sceneState.sizes) : []),
    [predicted, result, sceneState.sizes],
  );
  const picking = panes !== null;
  const changeCamera = useCallback<ChangeCamera>(
    (step, at) =>
      picking
        ? changePanes((now) => steppedPanes(now, step, paneAt(at.x, size)))
        : change((now) => ({ camera: step(shownCamera(now, sizes, placed, size)) })),
    [picking, changePanes, change, sizes, placed, size],
  );
  const { hover, handlers } = useNavigation(stage, changeCamera, side, actions());

  function actions(): PointerActions | null {
    if (!alignment && view.profile)
      return lineActions(view.profile, onFixed, sceneState.camera.zoom, held, (profile) =>
        change({ profile }),
      );
    if (!alignment || alignment.tool === "look") return null;
    if (panes) return pickingActions(alignment, panes, sceneState, size, grabbed);
    return pointerActions(alignment, onFixed);
  }

  function onFixed(position: PointerPosition): Point {
    const { x, y } = sceneState.canvasFromFixed
      .inverse()
      .transformPoint(canvasPosition(position, size, side));
    return { x, y };
  }

  /** Set an end of the profile in the middle of the picture. */
  function setEnd(line: Line): void {
    const { x, y } = sceneState.camera;
    change({ profile: withEnd(line, { x, y }) });
  }

  function handleKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (alignment?.nudge(event.key, event.shiftKey)) return event.preventDefault();
    if (alignment && panes) {
      const done = pickByKey(event.key, event.shiftKey, alignment, panes, sceneState, size);
      if (typeof done === "object") changePanes(done);
      if (done !== false) event.preventDefault();
      return;
    }
    if (event.key === "Enter" && view.profile && !alignment) return setEnd(view.profile);
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
        {alignment && panes && (
          <PaneOverlay
            alignment={alignment}
            size={size}
            sceneState={sceneState}
            active={activePane(alignment)}
          />
        )}
        {view.grid && (
          <Grid
            size={size}
            canvasFromFixed={sceneState.canvasFromFixed}
            cssPerPixel={sceneState.camera.zoom}
            spacing={result.fixed.pixel_spacing_um}
            side={side}
          />
        )}
        {view.profile && !alignment && (
          <ProfileLine
            line={view.profile}
            size={size}
            canvasFromFixed={sceneState.canvasFromFixed}
            side={side}
          />
        )}
        {side && <SideLabels />}
        <ScaleBar pixelSpacing={result.fixed.pixel_spacing_um} cssPerPixel={sceneState.camera.zoom} />
      </div>
      {panes ? (
        <PaneButtons
          panes={panes}
          sizes={sizes}
          size={size}
          fixedFromMoving={sceneState.fixedFromMoving}
          change={changePanes}
        />
      ) : (
        <StageButtons
          view={view}
          camera={sceneState.camera}
          hasDetail={sceneState.hasDetail}
          change={change}
        />
      )}
      <Readout
        registration={registration}
        sceneState={sceneState}
        size={size}
        position={hover}
        side={side}
        result={result}
      >
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
  onFixed: (position: PointerPosition) => Point,
): PointerActions {
  return {
    begin: () => {
      alignment.beginDrag();
      return true;
    },
    drag: (from, to) => alignment.drag(onFixed(from), onFixed(to)),
    tap: () => undefined,
  };
}
