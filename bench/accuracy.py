"""Measure the accuracy of the networks and of other registration methods on the same pairs.

./dev bench accuracy [--cases DIR | --real DATA] [--methods ours,sift,...] [--limit N] [--out DIR]

--cases DIR  pairs in the format of make_cases.py
--real DATA  cut pairs from the real images in DATA with make_cases.py (--seed, --per-cell)
neither      pairs of simulated specimens (--seed, --per-cell)

Writes accuracy.md, accuracy.json, accuracy.png and answers.json to --out. A later run on the same pairs takes
the results of methods that it does not repeat from answers.json. The error is the mean distance at the four
corners of the fixed image, in px of the moving one. Seconds are CPU time on one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from cases import KINDS, Case, cut, digest, first_of_each_cell, of_known_truth, origin_of, read, simulate
from curves import curves
from methods import LABELS, answer, method, version
from peers import DEEP
from scores import Answer, error_px, scores
from tables import tables
from trained import held_out

ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
    "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS",
)


def measure(names: list[str], cases: list[Case], workers: int) -> Iterator[tuple[str, list[Answer]]]:
    """Yield the answers of each method; its libraries run on one thread."""
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        for name in names:
            answers = list(pool.map(partial(answer, name), cases))
            under = np.mean([error_px(*both) < 5 for both in zip(cases, answers, strict=True)])
            print(f"{LABELS[name]}: {100 * under:.0f} % under 5 px", file=sys.stderr, flush=True)
            yield name, answers


def earlier(file: Path, sha256: str) -> dict[str, list[Answer]]:
    """Return the answers of an earlier run, if it used the same pairs and weights."""
    held = json.loads(file.read_text()) if file.is_file() else {}
    if held.get("cases_sha256") != sha256:
        return {}
    return {
        name: [Answer(None if m is None else np.array(m), *rest) for m, *rest in answers]
        for name, answers in held["answers"].items()
        if held.get("versions", {}).get(name) == version(name)
    }


def write(folder: Path, origin: str, cases: list[Case], answers: dict[str, list[Answer]]) -> str:
    """Write all files; return the tables."""
    folder.mkdir(parents=True, exist_ok=True)
    sha256 = digest(cases)
    figures = {name: scores(cases, of) for name, of in answers.items()}
    stored = {
        name: [
            [None if a.moving_from_fixed is None else a.moving_from_fixed.tolist(), a.seconds, a.verdict]
            for a in of
        ]
        for name, of in answers.items()
    }
    versions = {name: version(name) for name in answers if version(name)}
    held = {"cases_sha256": sha256, "versions": versions, "answers": stored}
    (folder / "answers.json").write_text(json.dumps(held) + "\n")
    report = {"pairs": origin, "cases_sha256": sha256, "versions": versions, "methods": figures}
    (folder / "accuracy.json").write_text(json.dumps(report, indent=2) + "\n")
    text = f"{len(cases)} pairs: {origin}.\n\n{tables(figures, LABELS)}"
    (folder / "accuracy.md").write_text(text)
    curves(errors_by_kind(cases, answers), LABELS).savefig(folder / "accuracy.png")
    return text


def errors_by_kind(cases: list[Case], answers: dict[str, list[Answer]]) -> dict[str, dict[str, np.ndarray]]:
    return {
        name: {
            kind: np.array([error_px(c, a) for c, a in zip(cases, of, strict=True) if c.kind == kind])
            for kind in KINDS
            if any(c.kind == kind for c in cases)
        }
        for name, of in answers.items()
    }


def chosen_cases(chosen: argparse.Namespace) -> tuple[str, list[Case]]:
    """Return a description of the origin of the pairs, and the pairs.

    Without those of specimens that the default network was trained on.
    """
    origin, cases = _every_case(chosen)
    kept = set(held_out({case.source for case in cases}))
    return origin, [case for case in cases if case.source in kept]


def _every_case(chosen: argparse.Namespace) -> tuple[str, list[Case]]:
    if chosen.cases:
        return origin_of(chosen.cases), read(chosen.cases)
    drawn = f"seed {chosen.seed}, {chosen.per_cell} a cell"
    if chosen.real:
        return f"cut from real images, {drawn}", cut(chosen.real, chosen.seed, chosen.per_cell)
    return f"simulated specimens, {drawn}", list(simulate(chosen.seed, chosen.per_cell))


def arguments() -> argparse.Namespace:
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--cases", type=Path, help="folder of pairs")
    source.add_argument("--real", type=Path, help="folder of real images to cut pairs from")
    parser.add_argument("--seed", type=int, default=11, help="of the pairs that are cut or simulated")
    parser.add_argument("--per-cell", type=int, default=100, help="pairs of each kind and level to make")
    parser.add_argument("--limit", type=int, help="pairs of each kind and level to use")
    parser.add_argument("--known-to", type=float, help="px of the recording: leave out a less certain truth")
    parser.add_argument("--methods", default=",".join(n for n in LABELS if n not in DEEP))
    parser.add_argument("--workers", type=int, default=1, help="pairs at a time, one thread each")
    parser.add_argument("--out", type=Path, default=Path("runs/accuracy"), help="%(default)s if not given")
    chosen = parser.parse_args()
    chosen.methods = chosen.methods.split(",")
    for name in set(chosen.methods) - set(LABELS):
        parser.error(f"there is no method {name!r}; choose from {', '.join(LABELS)}")
    return chosen


def main() -> None:
    """Run the command."""
    chosen = arguments()
    for name in chosen.methods:
        method(name)  # a missing package is found before hours of work
    origin, cases = chosen_cases(chosen)
    if chosen.known_to is not None:
        cases = of_known_truth(cases, chosen.known_to)
        origin += f", truth known to {chosen.known_to} px"
    cases = first_of_each_cell(cases, chosen.limit)
    found = earlier(chosen.out / "answers.json", digest(cases))
    text = ""
    # Hours of work: the answers of each method are written as soon as they are there.
    for name, answers in measure(chosen.methods, cases, chosen.workers):
        found[name] = answers
        text = write(chosen.out, origin, cases, {name: found[name] for name in LABELS if name in found})
    print(text)


if __name__ == "__main__":
    main()
