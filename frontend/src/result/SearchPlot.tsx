import { useLayoutEffect, useMemo, useRef } from "react";
import type { Result, SearchMap } from "../api/types";
import { fixedDigits, groupedDigits } from "../quantities";
import { bestCells, cellAt, wrapAngle } from "./searchMap";
import "./search.css";

/** Score of each rotation and scale of the coarse search; a single bright spot is an unambiguous result. */
export function SearchPlot({ result, map }: { result: Result; map: SearchMap }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const centredMap = useMemo(() => centred(map), [map]);
  const words = useMemo(() => describe(result, map), [result, map]);
  const [columns, rows] = [centredMap.angles_deg.length, centredMap.scales.length];
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    context?.putImageData(new ImageData(greyValues(centredMap), columns, rows), 0, 0);
  }, [centredMap, columns, rows]);
  const found = cellAt(centredMap, result.angle_deg, result.scale);
  const place = {
    left: `${(100 * (found.angle + 0.5)) / columns}%`,
    top: `${100 * (1 - (found.scale + 0.5) / rows)}%`,
  };
  return (
    <section aria-labelledby="search-title">
      <h2 id="search-title">Search over angle and scale</h2>
      <div className="search-map">
        <span className="search-scales" aria-hidden="true">
          <span>×{Number(centredMap.scales.at(-1)?.toPrecision(2))}</span>
          {rows > 1 && <span>×{Number(centredMap.scales[0]?.toPrecision(2))}</span>}
        </span>
        <span className="search-plot well">
          <canvas
            ref={canvas}
            width={columns}
            height={rows}
            role="img"
            aria-label={`Score of each angle and scale. ${words}`}
          />
          <span className="search-found" style={place} />
        </span>
        <span className="search-angles" aria-hidden="true">
          <span>{fixedDigits(centredMap.angles_deg[0] ?? 0, 0)}°</span>
          <span>0°</span>
          <span>{fixedDigits(centredMap.angles_deg.at(-1) ?? 0, 0)}°</span>
        </span>
      </div>
      <p className="hint">{words}</p>
    </section>
  );
}

/** The same map with angle 0 in the middle. */
function centred({ angles_deg, scales, scores }: SearchMap): SearchMap {
  const order = angles_deg
    .map((_, index) => index)
    .sort((a, b) => wrapAngle(angles_deg[a]!) - wrapAngle(angles_deg[b]!));
  const pick = (values: number[]) => order.map((index) => values[index]!);
  return { angles_deg: pick(angles_deg).map(wrapAngle), scales, scores: scores.map(pick) };
}

/** Grey values from the worst score (black) to the best (white); the largest scale at the top. */
function greyValues({ scores }: SearchMap): Uint8ClampedArray<ArrayBuffer> {
  const values = scores.toReversed().flat();
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return new Uint8ClampedArray(
    values.flatMap((value) => {
      const grey = (255 * (value - low)) / (high - low || 1);
      return [grey, grey, grey, 255];
    }),
  );
}

const MAX_ODDS = 1e6;

function describe({ angle_deg, scale }: Result, map: SearchMap): string {
  const { here, elsewhere } = bestCells(map, cellAt(map, angle_deg, scale));
  if (!elsewhere) return "Only this angle and scale were searched.";
  const at = `${fixedDigits(wrapAngle(map.angles_deg[elsewhere.angle] ?? 0), 0)}°, ×${Number((map.scales[elsewhere.scale] ?? 1).toPrecision(2))}`;
  const odds = Math.exp(here.score - elsewhere.score);
  if (odds < 1) return `The coarse search scored ${at} higher; the refinement decided.`;
  const times =
    odds > MAX_ODDS
      ? "over a million"
      : odds < 10
        ? odds.toFixed(1)
        : groupedDigits(Number(odds.toPrecision(2)));
  return `The next best candidate, at ${at}, is ${times} times less likely in the coarse search.`;
}
