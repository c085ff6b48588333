import { type KeyboardEvent, type PointerEvent, useRef } from "react";
import type { Size } from "../viewer/geometry";
import type { Area, Point } from "./area";
import { AreaShapes } from "./AreaShapes";
import type { Drawing } from "./useDrawing";

interface Props {
  label: string;
  preview: string;
  size: Size;
  unused: string | null; // hatched picture of what was found
  areas: Area[];
  marked: number | null;
  drawing: Drawing;
}

/** One image on which areas are drawn. */
export function AreaCanvas({ label, preview, size, unused, areas, marked, drawing }: Props) {
  const picture = useRef<SVGSVGElement>(null);
  const pressed = useRef(false);
  const { width, height } = size;
  const place = { x: -0.5, y: -0.5, width, height, preserveAspectRatio: "none" };

  const at = ({ clientX, clientY }: PointerEvent): Point => {
    const matrix = picture.current!.getScreenCTM()!.inverse();
    const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(matrix);
    return { x, y };
  };

  function down(event: PointerEvent): void {
    if (event.button !== 0) return;
    picture.current?.setPointerCapture(event.pointerId);
    pressed.current = true;
    drawing.press(at(event));
  }

  function up(event: PointerEvent): void {
    if (pressed.current) drawing.release(at(event));
    pressed.current = false;
  }

  function key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (drawing.pressKey(event.key, event.shiftKey)) event.preventDefault();
  }

  return (
    <div className="well area-well" style={{ aspectRatio: `${width} / ${height}` }}>
      <svg
        ref={picture}
        className={drawing.overCorner ? "area-canvas area-grab" : "area-canvas"}
        viewBox={`-0.5 -0.5 ${width} ${height}`}
        tabIndex={0}
        role="application"
        aria-label={label}
        aria-describedby="area-help"
        onPointerDown={down}
        onPointerMove={(event) => drawing.moveTo(at(event))}
        onPointerUp={up}
        onPointerCancel={() => {
          pressed.current = false;
          drawing.cancel();
        }}
        onKeyDown={key}
      >
        <image href={preview} {...place} />
        {unused && <image href={unused} {...place} data-unused="found" />}
        <AreaShapes areas={areas} size={size} marked={marked} />
        <Corners areas={areas} />
        <DrawnShape drawing={drawing} />
        <path className="area-cursor" d={crosshair(drawing.cursor, Math.max(width, height) / 40)} />
      </svg>
    </div>
  );
}

/** Handles by which the corners are moved. */
function Corners({ areas }: { areas: Area[] }) {
  return areas.map(({ kind, rings }, area) => (
    <g key={area} className={`area area-${kind}`}>
      {rings.flat().map(({ x, y }, index) => (
        <path key={index} className="area-corner" d={`M${x} ${y}h0`} />
      ))}
    </g>
  ));
}

function DrawnShape({ drawing: { kind, shape, corners, outline } }: { drawing: Drawing }) {
  if (outline.length === 0) return null;
  const path = `M${outline.map(({ x, y }) => `${x} ${y}`).join("L")}${shape === "rectangle" ? "Z" : ""}`;
  return (
    <g className={`area area-${kind} area-drawn`}>
      <path className="area-halo" d={path} />
      <path className="area-line" d={path} />
      {shape === "polygon" &&
        corners.map(({ x, y }, index) => <path key={index} className="area-corner" d={`M${x} ${y}h0`} />)}
    </g>
  );
}

function crosshair({ x, y }: Point, arm: number): string {
  return `M${x - arm} ${y}h${2 * arm}M${x} ${y - arm}v${2 * arm}`;
}
