import { useLayoutEffect, useMemo, useRef } from "react";
import type { Result, SearchMap } from "../api/types";
import { fixedDigits, grouped } from "../quantities";
import { bestOf, cellOf, turn } from "./searchMap";
import "./search.css";

/** How well every turn and scale fitted: one bright spot is an answer that stands alone. */
export function SearchPlot({ result, map }: { result: Result; map: SearchMap }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const turned = useMemo(() => centred(map), [map]);
  const words = useMemo(() => inWords(result, map), [result, map]);
  const [columns, rows] = [turned.angles_deg.length, turned.scales.length];
  useLayoutEffect(() => {
    const context = canvas.current?.getContext("2d");
    context?.putImageData(new ImageData(greys(turned), columns, rows), 0, 0);
  }, [turned, columns, rows]);
  const found = cellOf(turned, result.angle_deg, result.scale);
  const place = { left: `${(100 * (found.angle + 0.5)) / columns}%`, top: `${100 * (1 - (found.scale + 0.5) / rows)}%` };
  return (
    <section aria-labelledby="search-title">
      <h2 id="search-title">Every turn and scale</h2>
      <div className="search-map">
        <span className="search-scales" aria-hidden="true">
          <span>×{Number(turned.scales.at(-1)?.toPrecision(2))}</span>
          {rows > 1 && <span>×{Number(turned.scales[0]?.toPrecision(2))}</span>}
        </span>
        <span className="search-plot well">
          <canvas ref={canvas} width={columns} height={rows} role="img" aria-label={`How well each turn and scale fits. ${words}`} />
          <span className="search-found" style={place} />
        </span>
        <span className="search-angles" aria-hidden="true">
          <span>{fixedDigits(turned.angles_deg[0] ?? 0, 0)}°</span>
          <span>0°</span>
          <span>{fixedDigits(turned.angles_deg.at(-1) ?? 0, 0)}°</span>
        </span>
      </div>
      <p className="hint">{words}</p>
    </section>
  );
}

/** The same map with no turn in its middle. */
function centred({ angles_deg, scales, scores }: SearchMap): SearchMap {
  const order = angles_deg.map((_, index) => index).sort((a, b) => turn(angles_deg[a]!) - turn(angles_deg[b]!));
  const pick = (values: number[]) => order.map((index) => values[index]!);
  return { angles_deg: pick(angles_deg).map(turn), scales, scores: scores.map(pick) };
}

/** From black, the worst, to white, the best; the largest scale above. */
function greys({ scores }: SearchMap): Uint8ClampedArray<ArrayBuffer> {
  const values = scores.toReversed().flat();
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return new Uint8ClampedArray(
    values.flatMap((value) => {
      const grey = (255 * (value - low)) / (high - low || 1);
      return [grey, grey, grey, 255];
    }),
  );
}

const SURELY = 1e6;

function inWords({ angle_deg, scale }: Result, map: SearchMap): string {
  const { here, elsewhere } = bestOf(map, cellOf(map, angle_deg, scale));
  if (!elsewhere) return "Only this turn and scale were looked at.";
  const at = `${fixedDigits(turn(map.angles_deg[elsewhere.angle] ?? 0), 0)}°, ×${Number((map.scales[elsewhere.scale] ?? 1).toPrecision(2))}`;
  const odds = Math.exp(here.score - elsewhere.score);
  if (odds < 1) return `At the first look ${at} fitted better; the closer look decided.`;
  const times = odds > SURELY ? "over a million" : odds < 10 ? odds.toFixed(1) : grouped(Number(odds.toPrecision(2)));
  return `The next best elsewhere, at ${at}, is ${times} times less likely at the first look.`;
}
