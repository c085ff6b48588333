"""Measure the accuracy of each stage of the pipeline: ./dev bench stages [options of bench/accuracy.py]

Coarse search: share of pairs with a right candidate (40 px at 256, the capture range of the refinement) as
its best, among its best 5 and 20. Refinement: share of pairs below 5 px after each stage. Accepted pairs: how
many end with a smaller error than the search's best candidate. Pictures of the largest errors go to
failures.png in --out.
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
from xebra.estimate.coarse_search import coarse_search
from xebra.estimate.image_pair import Candidate
from xebra.estimate.pyramid_estimator import PyramidEstimator
from xebra.image import Image
from xebra.transform import corner_error
from xebra.weights import weights

CAPTURE_PX = 40.0  # at the corners: refinement corrects most candidates of a smaller error
RIGHT_PX = 5.0
TOPS = (1, 5, 20)
WORST = 20


@dataclass(frozen=True)
class StagedResult:
    """The rank of the first right candidate of a case, and the corner error after each stage."""

    case: Case
    rank: float  # 0 is the search's best; inf where none of the best 20 is right
    errors: list[float]  # px: search's best, coarse, fine, first attempt, reported estimate
    moving_from_fixed: np.ndarray
    verdict: str


def measure_stages(estimator: PyramidEstimator, case: Case) -> StagedResult:
    """Return the errors of a case after each stage."""
    fixed, moving = Image(case.fixed), Image(case.moving)

    def error(candidate: Candidate) -> float:
        return corner_error(candidate.moving_from_fixed, case.moving_from_fixed, case.fixed.shape)

    pair, attempts = estimator.attempts(fixed, moving)
    search = coarse_search(estimator.stages.engine, estimator.stages.coarse_search, pair)
    best = search.candidates(max(TOPS))
    right = [rank for rank, each in enumerate(best) if error(each) < CAPTURE_PX]
    first = next(iter(attempts))
    errors = [error(each) for each in (best[0], *first.path, first.best)]
    estimate = estimator.estimate(fixed, moving)
    matrix = np.linalg.inv(estimate.transform.matrix)
    errors.append(corner_error(matrix, case.moving_from_fixed, case.fixed.shape))
    return StagedResult(case, min(right, default=np.inf), errors, matrix, estimate.verdict)


def table(results: list[StagedResult]) -> str:
    """Return a table: percent of the pairs of each cell."""
    rows = []
    for kind in KINDS:
        for level in LEVELS:
            mine = [r for r in results if (r.case.kind, r.case.level) == (kind, level)]
            if mine:
                in_top = [_percent(r.rank < top for r in mine) for top in TOPS]
                after = [_percent(r.errors[stage] < RIGHT_PX for r in mine) for stage in (1, 2, 4)]
                rows.append([f"{KINDS[kind]}, {level}", *in_top, *after])
    stages = ("128 px", "256 px", "thorough attempt where not accepted")
    return markdown(["", *(f"right in the search's best {top}" for top in TOPS), *stages], rows)


def no_worse(results: list[StagedResult]) -> str:
    """Return how many accepted pairs have a smaller error than the search's best candidate."""
    accepted = [r for r in results if r.verdict == "accept"]
    better = sum(r.errors[-1] <= r.errors[0] for r in accepted)
    return (
        f"{better} of {len(accepted)} accepted pairs have no larger error than the search's best candidate.\n"
    )


def _percent(truths) -> str:
    return f"{100 * np.mean(list(truths)):.0f}"


def main() -> None:
    """Run the command."""
    chosen = arguments()
    origin, cases = chosen_cases(chosen)
    cases = first_of_each_cell(cases, chosen.limit)
    estimator = PyramidEstimator(weights(), open_engine())
    results = []
    for case in cases:
        results.append(measure_stages(estimator, case))
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
