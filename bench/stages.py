"""How far each stage of the default network brings a pair: ./dev bench stages [options of bench/accuracy.py]

Of the quick search: how often a right hypothesis (40 px at 256, what the next stage mends) is its best,
among its best 5 and 20. Of each look: how many pairs are under 5 px after it. Of the accepted pairs: how many
ended no further off than the search's best. Pictures of those furthest off go to failures.png in --out.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from accuracy import arguments, chosen_cases
from cases import KINDS, LEVELS, Case, first_of_each_cell
from failures import pictured
from tables import markdown

from xebra.engine import open_engine
from xebra.estimate.estimator import PyramidEstimator
from xebra.estimate.pyramid import Candidate
from xebra.image import Image
from xebra.transform import corner_error
from xebra.weights import weights

IN_REACH_PX = 40.0  # at the corners: a hypothesis that the looks bring home more often than not
RIGHT_PX = 5.0
TOPS = (1, 5, 20)
WORST = 20


@dataclass(frozen=True)
class Staged:
    """One case: the rank of the first right hypothesis, and the corner error after each stage."""

    case: Case
    rank: float  # 0 is the search's best; infinite where none of the best 20 is right
    errors: list[float]  # of the search's best, along the first attempt's way, of it and of the answer
    moving_from_fixed: np.ndarray
    verdict: str


def staged(estimator: PyramidEstimator, case: Case) -> Staged:
    """Ask each stage by itself."""
    fixed, moving = Image(case.fixed), Image(case.moving)

    def error(candidate: Candidate) -> float:
        return corner_error(candidate.moving_from_fixed, case.moving_from_fixed, case.fixed.shape)

    pair, attempts = estimator.attempts(fixed, moving)
    best = estimator.stages.searched(estimator.stages.glance, pair).best(max(TOPS))
    right = [rank for rank, each in enumerate(best) if error(each) < IN_REACH_PX]
    first = next(iter(attempts))
    errors = [error(each) for each in (best[0], *first.way, first.best)]
    answer = estimator.estimate(fixed, moving)
    matrix = np.linalg.inv(answer.transform.matrix)
    errors.append(corner_error(matrix, case.moving_from_fixed, case.fixed.shape))
    return Staged(case, min(right, default=np.inf), errors, matrix, answer.verdict)


def table(results: list[Staged]) -> str:
    """Percent of the pairs of each cell."""
    rows = []
    for kind in KINDS:
        for level in LEVELS:
            mine = [r for r in results if (r.case.kind, r.case.level) == (kind, level)]
            if mine:
                in_top = [_percent(r.rank < top for r in mine) for top in TOPS]
                after = [_percent(r.errors[stage] < RIGHT_PX for r in mine) for stage in (1, 2, 4)]
                rows.append([f"{KINDS[kind]}, {level}", *in_top, *after])
    looks = ("128 px", "256 px", "with more pains where unsure")
    return markdown(["", *(f"right in the search's best {top}" for top in TOPS), *looks], rows)


def no_worse(results: list[Staged]) -> str:
    """Of the accepted pairs."""
    accepted = [r for r in results if r.verdict == "accept"]
    better = sum(r.errors[-1] <= r.errors[0] for r in accepted)
    return f"{better} of {len(accepted)} accepted pairs end no further off than the search's best.\n"


def _percent(truths) -> str:
    return f"{100 * np.mean(list(truths)):.0f}"


def main() -> None:
    """The command."""
    chosen = arguments()
    origin, cases = chosen_cases(chosen)
    cases = first_of_each_cell(cases, chosen.limit)
    estimator = PyramidEstimator(weights(), open_engine())
    results = []
    for case in cases:
        results.append(staged(estimator, case))
        print(f"\r{len(results)} of {len(cases)}", end="", file=sys.stderr, flush=True)
    folder: Path = chosen.out
    folder.mkdir(parents=True, exist_ok=True)
    text = f"{len(cases)} pairs: {origin}.\n\n{table(results)}\n\n{no_worse(results)}"
    (folder / "stages.md").write_text(text)
    worst = sorted(results, key=lambda r: -r.errors[-1])[:WORST]
    pictured([r for r in worst if r.errors[-1] >= RIGHT_PX]).savefig(folder / "failures.png")
    print("\n" + text)


if __name__ == "__main__":
    main()
