import { type Sizes, centreOf } from "../viewer/geometry";

export const TOOLS = { look: "Pan", move: "Move", turn: "Rotate", scale: "Scale", points: "Points" } as const;
export type Tool = keyof typeof TOOLS;

export interface Point {
  x: number;
  y: number;
}

/** The transform after a drag between two points of the fixed image. */
export function dragged(
  tool: Tool,
  fixedFromMoving: DOMMatrix,
  from: Point,
  to: Point,
  sizes: Sizes,
): DOMMatrix {
  if (tool === "move") return translated(fixedFromMoving, to.x - from.x, to.y - from.y);
  const pivot = fixedFromMoving.transformPoint(centreOf(sizes.moving));
  if (tool === "turn") {
    const turn = Math.atan2(to.y - pivot.y, to.x - pivot.x) - Math.atan2(from.y - pivot.y, from.x - pivot.x);
    return rotatedAndScaled(fixedFromMoving, (turn * 180) / Math.PI, 1, pivot);
  }
  const factor = distance(to, pivot) / Math.max(distance(from, pivot), 1e-6);
  return rotatedAndScaled(fixedFromMoving, 0, Math.min(Math.max(factor, 0.5), 2), pivot);
}

/** The transform after an arrow key; null where the key or the tool has no such action. */
export function nudged(
  tool: Tool,
  fixedFromMoving: DOMMatrix,
  key: string,
  large: boolean,
  sizes: Sizes,
): DOMMatrix | null {
  const direction = ARROWS[key];
  if (!direction || tool === "look" || tool === "points") return null;
  const [right, down] = direction;
  const step = large ? 10 : 1;
  if (tool === "move") return translated(fixedFromMoving, right * step, down * step);
  const pivot = fixedFromMoving.transformPoint(centreOf(sizes.moving));
  const amount = (right - down) * step; // right and up increase
  return tool === "turn"
    ? rotatedAndScaled(fixedFromMoving, 0.1 * amount, 1, pivot)
    : rotatedAndScaled(fixedFromMoving, 0, 1.001 ** amount, pivot);
}

const ARROWS: Record<string, [right: number, down: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function translated(matrix: DOMMatrix, x: number, y: number): DOMMatrix {
  return new DOMMatrix().translate(x, y).multiply(matrix);
}

function rotatedAndScaled(matrix: DOMMatrix, degrees: number, factor: number, { x, y }: Point): DOMMatrix {
  return new DOMMatrix().translate(x, y).rotate(degrees).scale(factor).translate(-x, -y).multiply(matrix);
}

function distance(one: Point, other: Point): number {
  return Math.hypot(one.x - other.x, one.y - other.y);
}
