import type { Hand } from "./useHand";

/** Crosses where point pairs were set: the fixed point and, joined to it, where its partner lies now. */
export function Marks({ hand, canvasFromFixed }: { hand: Hand; canvasFromFixed: DOMMatrix }) {
  const onCanvas = (point: { x: number; y: number }) => canvasFromFixed.transformPoint(point);
  return (
    <>
      {hand.pairs.map((pair, index) => {
        const fixed = onCanvas(pair.fixed);
        const moving = onCanvas(hand.matrix.transformPoint(pair.moving));
        return (
          <g key={index} className="mark-pair">
            <line x1={fixed.x} y1={fixed.y} x2={moving.x} y2={moving.y} />
            <Cross at={fixed} role="fixed" />
            <Cross at={moving} role="moving" />
          </g>
        );
      })}
      {hand.half && <Cross at={onCanvas(hand.half)} role="fixed" />}
    </>
  );
}

function Cross({ at: { x, y }, role }: { at: DOMPoint; role: "fixed" | "moving" }) {
  return <path className={`cross cross-${role}`} d={`M${x - 8} ${y}h16M${x} ${y - 8}v16`} />;
}
