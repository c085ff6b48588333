import type { SearchMap } from "../api/types";

/** A turn and a scale that were looked at, by their places in the map. */
export interface Cell {
  angle: number;
  scale: number;
  score: number;
}

/** The cell of a turn and a scale. */
export function cellOf({ angles_deg, scales, scores }: SearchMap, angle: number, scale: number): Cell {
  const column = nearest(angles_deg.map((other) => Math.abs(turn(other - angle))));
  const row = nearest(scales.map((other) => Math.abs(Math.log(other / scale))));
  return { angle: column, scale: row, score: scores[row]?.[column] ?? Number.NaN };
}

/** The best cell around another one, and the best away from it: more than two turns, or more than one scale. */
export function bestOf(map: SearchMap, found: Cell): { here: Cell; elsewhere: Cell | null } {
  const many = map.angles_deg.length;
  const cells = map.scores.flatMap((row, scale) => row.map((score, angle): Cell => ({ angle, scale, score })));
  cells.sort((a, b) => b.score - a.score);
  const isNear = ({ angle, scale }: Cell) => {
    const apart = Math.abs(angle - found.angle);
    return Math.min(apart, many - apart) <= 2 && Math.abs(scale - found.scale) <= 1;
  };
  return { here: cells.find(isNear) ?? found, elsewhere: cells.find((cell) => !isNear(cell)) ?? null };
}

/** An angle as people say it, from -180 to 180. */
export function turn(degrees: number): number {
  return ((((degrees + 180) % 360) + 360) % 360) - 180;
}

function nearest(distances: number[]): number {
  return distances.indexOf(Math.min(...distances));
}
