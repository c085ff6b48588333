import { type Sizes, centreOf } from "../viewer/geometry";

export const TOOLS = { look: "Look", move: "Move", turn: "Turn", scale: "Scale", points: "Points" } as const;
export type Tool = keyof typeof TOOLS;

export interface Point {
  x: number;
  y: number;
}

/** What a drag between two points of the fixed image makes of a position. */
export function dragged(tool: Tool, fixedFromMoving: DOMMatrix, from: Point, to: Point, sizes: Sizes): DOMMatrix {
  if (tool === "move") return shifted(fixedFromMoving, to.x - from.x, to.y - from.y);
  const pivot = fixedFromMoving.transformPoint(centreOf(sizes.moving));
  if (tool === "turn") {
    const turn = Math.atan2(to.y - pivot.y, to.x - pivot.x) - Math.atan2(from.y - pivot.y, from.x - pivot.x);
    return turnedAndScaled(fixedFromMoving, (turn * 180) / Math.PI, 1, pivot);
  }
  const factor = distance(to, pivot) / Math.max(distance(from, pivot), 1e-6);
  return turnedAndScaled(fixedFromMoving, 0, Math.min(Math.max(factor, 0.5), 2), pivot);
}

/** What an arrow key makes of it; null where the key, or the tool, has no such meaning. */
export function nudged(tool: Tool, fixedFromMoving: DOMMatrix, key: string, far: boolean, sizes: Sizes): DOMMatrix | null {
  const direction = ARROWS[key];
  if (!direction || tool === "look" || tool === "points") return null;
  const [right, down] = direction;
  const much = far ? 10 : 1;
  if (tool === "move") return shifted(fixedFromMoving, right * much, down * much);
  const pivot = fixedFromMoving.transformPoint(centreOf(sizes.moving));
  const more = (right - down) * much; // to the right or upwards
  return tool === "turn"
    ? turnedAndScaled(fixedFromMoving, 0.1 * more, 1, pivot)
    : turnedAndScaled(fixedFromMoving, 0, 1.001 ** more, pivot);
}

const ARROWS: Record<string, [right: number, down: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function shifted(matrix: DOMMatrix, x: number, y: number): DOMMatrix {
  return new DOMMatrix().translate(x, y).multiply(matrix);
}

function turnedAndScaled(matrix: DOMMatrix, degrees: number, factor: number, { x, y }: Point): DOMMatrix {
  return new DOMMatrix().translate(x, y).rotate(degrees).scale(factor).translate(-x, -y).multiply(matrix);
}

function distance(one: Point, other: Point): number {
  return Math.hypot(one.x - other.x, one.y - other.y);
}
