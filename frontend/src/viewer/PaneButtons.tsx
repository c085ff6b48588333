import type { Sizes } from "./geometry";
import { type Panes, samePlace, steppedPanes, wholePanes } from "./panes";
import { StageButton } from "./StageButtons";
import { zoomed } from "./camera";
import type { CanvasSize } from "./useCanvasSize";

interface Props {
  panes: Panes;
  sizes: Sizes;
  size: CanvasSize;
  fixedFromMoving: DOMMatrix;
  change: (panes: Panes) => void;
}

/** Zoom of both panes, and how they are related. */
export function PaneButtons({ panes, sizes, size, fixedFromMoving, change }: Props) {
  const zoom = (factor: number) => change(steppedPanes(panes, (camera) => zoomed(camera, factor), null));
  return (
    <div className="stage-buttons" role="group" aria-label="Panes">
      <StageButton label="Zoom in" onClick={() => zoom(1.5)}>
        <path d="M10 4.5v11M4.5 10h11" />
      </StageButton>
      <StageButton label="Zoom out" onClick={() => zoom(1 / 1.5)}>
        <path d="M4.5 10h11" />
      </StageButton>
      <StageButton label="Whole images" onClick={() => change(wholePanes(sizes, fixedFromMoving, size))}>
        <path d="M4 7.5V4h3.5M16 7.5V4h-3.5M4 12.5V16h3.5M16 12.5V16h-3.5" />
      </StageButton>
      <StageButton label="Same place in both panes" onClick={() => change(samePlace(panes, fixedFromMoving))}>
        <path d="M3 5h5.5v10H3zM11.5 5H17v10h-5.5zM5.7 10v.1M14.2 10v.1" />
      </StageButton>
      <StageButton
        label="Zoom and pan both panes"
        pressed={panes.linked}
        onClick={() => change({ ...panes, linked: !panes.linked })}
      >
        <path d="M8 6.5H6a3.5 3.5 0 0 0 0 7h2M12 6.5h2a3.5 3.5 0 0 1 0 7h-2M7 10h6" />
      </StageButton>
    </div>
  );
}
