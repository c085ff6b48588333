"""Reference results of the public benchmark (docs/benchmark.md): all peers on the cases of xebra.benchmark.

./dev bench benchmark [--methods ours,sift,...] [--per-cell N] [--workers W] [--out DIR] [--write]

Answers are kept in DIR/answers.json by case and method: a later run adds what is missing. Writes
benchmark.json, benchmark.md and benchmark.png to DIR; --write puts table and plot into docs/.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from accuracy import ONE_THREAD
from curves import curves
from methods import LABELS, method, version

from xebra.benchmark import (
    CELLS,
    PER_CELL,
    SEED,
    Answer,
    Case,
    cases_sha256,
    draw_case,
    errors_px,
    score,
    table,
)
from xebra.benchmark.run import answer
from xebra.registration import Registration

DOCS = Path(__file__).parents[1] / "docs"
MARKS = ("<!-- reference results -->", "<!-- end of reference results -->")
PANELS = {
    "xray_electron": "X-ray against electrons",
    "overlay": "X-ray against electrons, with overlays",
}
Stored = dict[str, dict[str, dict]]  # answers by method, then by case


@cache
def adapted(name: str):
    """Return a method as the benchmark calls it; networks of Xebra give a verdict."""
    run = method(name)

    def called(fixed: np.ndarray, moving: np.ndarray):
        found = run(fixed, moving)
        return (found.moving_from_fixed, found.verdict) if isinstance(found, Registration) else found

    return called


def answered(name: str, case: Case) -> Answer:
    return answer(adapted(name), case)


def measured(
    names: list[str], cases: list[Case], held: Stored, workers: int
) -> Iterator[tuple[str, str, Answer]]:
    """Yield method, case and answer of what is not held yet, case by case."""
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        for name in names:
            missing = [case for case in cases if case.name not in held.get(name, {})]
            found = pool.map(partial(answered, name), missing)
            yield from ((name, case.name, each) for case, each in zip(missing, found, strict=True))
            print(f"{LABELS[name]}: {len(missing)} cases", file=sys.stderr, flush=True)


def write(folder: Path, cases: list[Case], held: Stored, names: list[str], to_docs: bool) -> None:
    """Write scores, table and plot of the methods whose answers are complete."""
    complete = [
        name for name in LABELS if name in names and all(case.name in held.get(name, {}) for case in cases)
    ]
    answers = {name: [_answer(held[name][case.name]) for case in cases] for name in complete}
    figures = {name: score(cases, of) for name, of in answers.items()}
    text = table({LABELS[name]: of for name, of in figures.items()})
    report = {
        "protocol": 1,
        "seed": SEED,
        "cases_sha256": cases_sha256(cases),
        "versions": {name: version(name) for name in complete if version(name)},
        "methods": figures,
    }
    (folder / "benchmark.json").write_text(json.dumps(report, indent=1) + "\n")
    (folder / "benchmark.md").write_text(text)
    errors = {name: _by_panel(cases, of) for name, of in answers.items()}
    curves(errors, LABELS, PANELS).savefig(folder / "benchmark.png")
    print(text)
    if to_docs:
        _write_docs(folder, text)


def _write_docs(folder: Path, text: str) -> None:
    page = DOCS / "benchmark.md"
    before, rest = page.read_text().split(MARKS[0])
    page.write_text(before + f"{MARKS[0]}\n\n{text}\n{MARKS[1]}" + rest.split(MARKS[1])[1])
    for name in ("benchmark.png", "benchmark.json"):
        (DOCS / name).write_bytes((folder / name).read_bytes())


def _by_panel(cases: list[Case], answers: list[Answer]) -> dict[str, np.ndarray]:
    errors = errors_px(cases, answers)
    tracks = np.array([case.cell.split()[0] for case in cases])
    return {panel: errors[tracks == panel] for panel in PANELS}


def _answer(held: dict) -> Answer:
    matrix = held["moving_from_fixed"]
    return Answer(**held | {"moving_from_fixed": None if matrix is None else np.array(matrix)})


def _stored(given: Answer) -> dict:
    matrix = given.moving_from_fixed
    return asdict(given) | {"moving_from_fixed": None if matrix is None else matrix.tolist()}


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--methods", default=",".join(LABELS), help="of %(default)s")
    parser.add_argument("--per-cell", type=int, default=PER_CELL)
    parser.add_argument("--workers", type=int, default=1, help="cases at a time, one thread each")
    parser.add_argument("--out", type=Path, default=Path("runs/benchmark"))
    parser.add_argument("--write", action="store_true", help="put table and plot into docs/")
    chosen = parser.parse_args()
    names = chosen.methods.split(",")
    chosen.out.mkdir(parents=True, exist_ok=True)
    file = chosen.out / "answers.json"
    held: Stored = json.loads(file.read_text()) if file.is_file() else {}
    # Number by number over all cells: an unfinished run has cases of each.
    cases = [draw_case(cell, number) for number in range(chosen.per_cell) for cell in CELLS]
    for count, (name, case, given) in enumerate(measured(names, cases, held, chosen.workers)):
        held.setdefault(name, {})[case] = _stored(given)
        if count % 10 == 0:
            file.write_text(json.dumps(held))
    file.write_text(json.dumps(held))
    cases.sort(key=lambda case: CELLS.index(case.cell))
    write(chosen.out, cases, held, names, chosen.write)


if __name__ == "__main__":
    main()
