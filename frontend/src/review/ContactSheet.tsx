import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import type { Registration } from "../api/types";
import { ProblemNote } from "../frame/ProblemNote";
import { adjustAddress, open, registrationHref, useAddress } from "../url";
import { Reviewed } from "./Reviewed";
import { SheetTile } from "./SheetTile";
import "./sheet.css";
import { ACTIONS, byVerdict, decisionOf, movedBy, nextUndecided } from "./reviewing";
import { useDecisions } from "./useDecisions";

interface Props {
  items: Registration[];
  onChanged: () => void;
}

/** Results side by side, the doubtful ones first; each is accepted, corrected or rejected by one key. */
export function ContactSheet({ items, onChanged }: Props) {
  const { decided, decide, problem } = useDecisions(onChanged);
  const order = useMemo(() => byVerdict(items), [items]);
  const wanted = useAddress().get("item");
  const [active, setActive] = useState<string | null>(wanted);
  const at = Math.max(
    order.findIndex(({ id }) => id === active),
    0,
  );
  const tiles = useRef<HTMLUListElement>(null);
  const current = order[at];
  const left = order.filter((one) => one.result && decisionOf(one, decided) === null).length;

  useEffect(() => adjustAddress({ item: active }), [active]);

  function go(index: number): void {
    const next = order[index];
    if (!next) return;
    setActive(next.id);
    const tile = tiles.current?.querySelector<HTMLElement>(`[data-tile="${next.id}"]`);
    tile?.focus({ preventScroll: true });
    tile?.scrollIntoView({ block: "nearest" });
  }

  function handleKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || !current) return;
    const columns = columnsOf(tiles.current);
    const moved = movedBy(event.key, at, order.length, columns);
    if (moved !== null) {
      event.preventDefault();
      return go(moved);
    }
    if (act(event.key.toLowerCase())) event.preventDefault();
  }

  /** Do what a key stands for; return whether it stands for anything. */
  function act(key: string): boolean {
    if (!current?.result) return false;
    if (key === "c") open(registrationHref(current.id, { correct: "1" }));
    else if (key === "u") decide(current, "withdraw");
    else if (key === "a" || key === "r")
      go(nextUndecided(order, at, decide(current, key === "a" ? "accept" : "reject")));
    else return false;
    return true;
  }

  if (!current) return null;
  return (
    <div className="sheet" onKeyDown={handleKey}>
      <Reviewed registration={current} decision={decisionOf(current, decided)}>
        <p className="sheet-left" role="status">
          {left === 0 ? "All decided." : `${left} of ${order.length} to be decided`}
        </p>
        <div className="sheet-keys">
          {ACTIONS.map(([key, what]) => (
            <button key={key} type="button" disabled={!current.result} onClick={() => act(key)}>
              {what} <kbd aria-hidden="true">{key.toUpperCase()}</kbd>
            </button>
          ))}
        </div>
        <p className="hint sheet-hint">Arrow keys choose another result.</p>
        {problem && <ProblemNote title="Not saved:">{problem}</ProblemNote>}
      </Reviewed>
      <ul className="sheet-tiles" ref={tiles} aria-label="Results, doubtful ones first">
        {order.map((one, index) => (
          <SheetTile
            key={one.id}
            registration={one}
            decision={decisionOf(one, decided)}
            active={index === at}
            onActive={() => setActive(one.id)}
          />
        ))}
      </ul>
    </div>
  );
}

function columnsOf(list: HTMLElement | null): number {
  return list ? getComputedStyle(list).gridTemplateColumns.split(" ").length : 1;
}
