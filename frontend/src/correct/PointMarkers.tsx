import type { Role } from "../frame/RoleName";
import type { ManualAlignment } from "./useManualAlignment";

type Place = (point: { x: number; y: number }) => DOMPoint;

/** Markers of point pairs on the overlay: the fixed point, connected with the present place of the moving point. */
export function PointMarkers({
  alignment: { pairs, pending, matrix },
  canvasFromFixed,
}: {
  alignment: ManualAlignment;
  canvasFromFixed: DOMMatrix;
}) {
  const fixed: Place = (point) => canvasFromFixed.transformPoint(point);
  const moving: Place = (point) => fixed(matrix.transformPoint(point));
  return (
    <>
      {pairs.map((pair, index) => (
        <Pair key={index} ends={[fixed(pair.fixed), moving(pair.moving)]} />
      ))}
      {pending.fixed && <Cross at={fixed(pending.fixed)} role="fixed" />}
      {pending.moving && <Cross at={moving(pending.moving)} role="moving" />}
    </>
  );
}

interface PaneProps {
  alignment: ManualAlignment;
  role: Role;
  canvasFromImage: DOMMatrix;
}

/** Markers of one pane: its points, numbered, each connected with the place of its counterpart by the transform. */
export function PaneMarkers({ alignment: { pairs, pending, matrix }, role, canvasFromImage }: PaneProps) {
  const other: Role = role === "fixed" ? "moving" : "fixed";
  const fromOther = role === "fixed" ? matrix : matrix.inverse();
  const place: Place = (point) => canvasFromImage.transformPoint(point);
  const placed: Place = (point) => place(fromOther.transformPoint(point));
  const alone = pending[other];
  return (
    <>
      {pairs.map((pair, index) => {
        const at = place(pair[role]);
        return (
          <g key={index} data-pair={index + 1}>
            <Pair ends={role === "fixed" ? [at, placed(pair.moving)] : [placed(pair.fixed), at]} />
            <text className="mark-number" x={at.x + 9} y={at.y - 7}>
              {index + 1}
            </text>
          </g>
        );
      })}
      {pending[role] && <Cross at={place(pending[role])} role={role} />}
      {alone && <Expected at={placed(alone)} />}
    </>
  );
}

function Pair({ ends: [fixed, moving] }: { ends: [fixed: DOMPoint, moving: DOMPoint] }) {
  return (
    <g className="mark-pair">
      <line x1={fixed.x} y1={fixed.y} x2={moving.x} y2={moving.y} />
      <Cross at={fixed} role="fixed" />
      <Cross at={moving} role="moving" />
    </g>
  );
}

function Cross({ at: { x, y }, role }: { at: DOMPoint; role: Role }) {
  const d = `M${x - 8} ${y}h16M${x} ${y - 8}v16`;
  return (
    <>
      <path className="cross cross-halo" d={d} />
      <path className={`cross cross-${role}`} d={d} />
    </>
  );
}

/** Where the counterpart of a single point is expected. */
function Expected({ at: { x, y } }: { at: DOMPoint }) {
  return <circle className="expected" cx={x} cy={y} r={14} />;
}
