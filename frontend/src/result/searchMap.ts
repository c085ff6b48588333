import type { SearchMap } from "../api/types";

/** A cell of the search map: indices of angle and scale, and the score. */
export interface Cell {
  angle: number;
  scale: number;
  score: number;
}

/** The cell nearest to an angle and a scale. */
export function cellAt({ angles_deg, scales, scores }: SearchMap, angle: number, scale: number): Cell {
  const column = nearest(angles_deg.map((other) => Math.abs(wrapAngle(other - angle))));
  const row = nearest(scales.map((other) => Math.abs(Math.log(other / scale))));
  return { angle: column, scale: row, score: scores[row]?.[column] ?? Number.NaN };
}

/** The best cell near `found`, and the best one elsewhere (more than two angles or one scale away). */
export function bestCells(map: SearchMap, found: Cell): { here: Cell; elsewhere: Cell | null } {
  const many = map.angles_deg.length;
  const cells = map.scores.flatMap((row, scale) =>
    row.map((score, angle): Cell => ({ angle, scale, score })),
  );
  cells.sort((a, b) => b.score - a.score);
  const isNear = ({ angle, scale }: Cell) => {
    const apart = Math.abs(angle - found.angle);
    return Math.min(apart, many - apart) <= 2 && Math.abs(scale - found.scale) <= 1;
  };
  return { here: cells.find(isNear) ?? found, elsewhere: cells.find((cell) => !isNear(cell)) ?? null };
}

/** Wrap an angle to -180 to 180 degrees. */
export function wrapAngle(degrees: number): number {
  return ((((degrees + 180) % 360) + 360) % 360) - 180;
}

function nearest(distances: number[]): number {
  return distances.indexOf(Math.min(...distances));
}
