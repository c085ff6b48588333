import type { ReactNode } from "react";
import { type Camera, zoomed } from "./camera";
import type { ChangeView } from "./useView";
import { type View, WHOLE } from "./view";
import "./stageButtons.css";

interface Props {
  view: View;
  camera: Camera;
  hasDetail: boolean; // one image shows a part of the other
  change: ChangeView;
}

export function StageButtons({ view, camera, hasDetail, change }: Props) {
  const whole = hasDetail ? WHOLE : null;
  const zoom = (factor: number) => change({ camera: zoomed(camera, factor) });
  return (
    <div className="stage-buttons" role="group" aria-label="Zoom">
      <StageButton label="Zoom in" onClick={() => zoom(1.5)}>
        <path d="M10 4.5v11M4.5 10h11" />
      </StageButton>
      <StageButton label="Zoom out" onClick={() => zoom(1 / 1.5)}>
        <path d="M4.5 10h11" />
      </StageButton>
      <StageButton
        label="Whole image"
        pressed={view.camera === whole}
        onClick={() => change({ camera: whole })}
      >
        <path d="M4 7.5V4h3.5M16 7.5V4h-3.5M4 12.5V16h3.5M16 12.5V16h-3.5" />
      </StageButton>
      {hasDetail && (
        <StageButton label="Detail" pressed={view.camera === null} onClick={() => change({ camera: null })}>
          <path d="M3.5 3.5h13v13h-13zM8 7.5h5v5h-5z" />
        </StageButton>
      )}
      <StageButton label="Actual pixels" onClick={() => change({ camera: { ...camera, zoom: 1 } })}>
        <path d="M4.5 6.5L6.5 5v10M13 6.5L15 5v10M10 8.2v.1M10 12.6v.1" />
      </StageButton>
      <span className="stage-zoom">{Math.round(camera.zoom * 100)} %</span>
    </div>
  );
}

interface ButtonProps {
  label: string;
  pressed?: boolean;
  onClick: () => void;
  children: ReactNode; // SVG content on a 20 x 20 grid
}

export function StageButton({ label, pressed, onClick, children }: ButtonProps) {
  return (
    <button type="button" aria-label={label} aria-pressed={pressed} title={label} onClick={onClick}>
      <svg className="icon" viewBox="0 0 20 20" aria-hidden="true">
        {children}
      </svg>
    </button>
  );
}
