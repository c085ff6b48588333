import type { ManualAlignment } from "./useManualAlignment";

/** Markers of point pairs: the fixed point, connected with the current position of the moving point. */
export function PointMarkers({
  alignment,
  canvasFromFixed,
}: {
  alignment: ManualAlignment;
  canvasFromFixed: DOMMatrix;
}) {
  const onCanvas = (point: { x: number; y: number }) => canvasFromFixed.transformPoint(point);
  return (
    <>
      {alignment.pairs.map((pair, index) => {
        const fixed = onCanvas(pair.fixed);
        const moving = onCanvas(alignment.matrix.transformPoint(pair.moving));
        return (
          <g key={index} className="mark-pair">
            <line x1={fixed.x} y1={fixed.y} x2={moving.x} y2={moving.y} />
            <Cross at={fixed} role="fixed" />
            <Cross at={moving} role="moving" />
          </g>
        );
      })}
      {alignment.pendingPoint && <Cross at={onCanvas(alignment.pendingPoint)} role="fixed" />}
    </>
  );
}

function Cross({ at: { x, y }, role }: { at: DOMPoint; role: "fixed" | "moving" }) {
  return <path className={`cross cross-${role}`} d={`M${x - 8} ${y}h16M${x} ${y - 8}v16`} />;
}
