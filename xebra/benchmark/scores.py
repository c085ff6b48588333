"""Answers of a method, and its scores: corner error, success, negatives, false accepts, time.

>>> answer = Answer(np.eye(3), "accept", 0.1)
>>> answer.error_px(np.eye(3), (256, 256))
0.0
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.benchmark.cases import Case
from xebra.transform import corner_error

THRESHOLDS_PX = (1, 5)  # of a fixed image 256 px wide
RIGHT_PX = 5.0  # an accepted estimate with a larger error is a false accept
REFERENCE_WIDTH = 256


@dataclass(frozen=True)
class Answer:
    """What a method answered for one case.

    Attributes:
        moving_from_fixed: 3 x 3; None: no answer.
        verdict: ``accept``, ``review`` or ``refuse``; None: the method gives none.
        seconds: CPU time.
        problem: Why there is no answer, where the method raised an error or returned no transform.
    """

    moving_from_fixed: Matrix | None
    verdict: str | None
    seconds: float
    problem: str | None = None

    def error_px(self, truth: Matrix, shape: tuple[int, ...]) -> float:
        """Return the corner error in px of a fixed image 256 px wide; infinite without an answer."""
        if self.moving_from_fixed is None:
            return math.inf
        return corner_error(self.moving_from_fixed, truth, shape) * REFERENCE_WIDTH / max(shape[:2])

    @property
    def is_given(self) -> bool:
        """Return whether there is a transform that the method does not itself refuse."""
        return self.moving_from_fixed is not None and self.verdict != "refuse"


def errors_px(cases: Sequence[Case], answers: Sequence[Answer]) -> Floats:
    """Return the corner error of each case; NaN where no answer is right."""
    return np.array(
        [
            math.nan
            if case.moving_from_fixed is None
            else answer.error_px(case.moving_from_fixed, case.fixed.shape)
            for case, answer in zip(cases, answers, strict=True)
        ]
    )


def score(cases: Sequence[Case], answers: Sequence[Answer]) -> dict[str, Any]:
    """Return the figures of a method.

    Args:
        cases: of the benchmark.
        answers: one for each case.

    Returns:
        ``cells``: for each cell ``pairs``, ``under_1_px``, ``under_5_px`` (shares) and ``median_error_px``
        (None: infinite), or for negatives ``pairs`` and ``answered``; ``verdicts``: ``accepted`` and
        ``false_accepts`` over all cases, None for a method without verdicts; ``problems``: cases in which it
        raised an error or returned no transform; ``seconds``: median CPU time of a case.
    """
    errors = errors_px(cases, answers)
    cells = {}
    for cell in dict.fromkeys(case.cell for case in cases):
        mine = [number for number, case in enumerate(cases) if case.cell == cell]
        cells[cell] = (
            {"pairs": len(mine), "answered": sum(answers[n].is_given for n in mine)}
            if np.isnan(errors[mine]).all()
            else _success(errors[mine])
        )
    return {
        "cells": cells,
        "verdicts": _verdicts(errors, answers),
        "problems": sum(answer.problem is not None for answer in answers),
        "seconds": float(np.median([answer.seconds for answer in answers])),
    }


def table(figures: dict[str, dict[str, Any]]) -> str:
    """Return the scores of methods by name as a Markdown table."""
    cells = next(iter(figures.values()))["cells"]
    heads = ["method", *(f"{cell} ({of['pairs']})" for cell, of in cells.items())]
    lines = [[*heads, "false accepts", "s per pair"], ["---", *["---:"] * (len(heads) + 1)]]
    for name, of in figures.items():
        lines.append(
            [name, *map(_cell, of["cells"].values()), _accepts(of["verdicts"]), f"{of['seconds']:.2g}"]
        )
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _success(errors: Floats) -> dict[str, Any]:
    middle = float(np.median(errors))
    under = {f"under_{px}_px": float(np.mean(errors < px)) for px in THRESHOLDS_PX}
    return {"pairs": len(errors), **under, "median_error_px": middle if math.isfinite(middle) else None}


def _verdicts(errors: Floats, answers: Sequence[Answer]) -> dict[str, int] | None:
    """Count accepted estimates, and those that are wrong or of images that show different specimens."""
    if all(answer.verdict is None for answer in answers):
        return None
    accepted = np.array([answer.verdict == "accept" and answer.is_given for answer in answers])
    wrong = ~(errors < RIGHT_PX)
    return {"accepted": int(accepted.sum()), "false_accepts": int((accepted & wrong).sum())}


def _cell(cell: dict[str, Any]) -> str:
    if "answered" in cell:
        return f"{cell['answered']} answered"
    return " / ".join(f"{100 * cell[f'under_{px}_px']:.0f}" for px in THRESHOLDS_PX)


def _accepts(verdicts: dict[str, int] | None) -> str:
    return "none given" if verdicts is None else f"{verdicts['false_accepts']} of {verdicts['accepted']}"
