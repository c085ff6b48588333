"""Scores of a method: corner errors, success by kind and level, errors of the four parameters."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from cases import KINDS, LEVELS, Case

from xebra.transform import corner_error, image_center, map_points

THRESHOLDS_PX = (1, 2, 5)
PARAMETERS = ("angle_deg", "scale_percent", "x_px", "y_px")


@dataclass(frozen=True)
class Answer:
    """The result of a method for one case, and its CPU time on one thread."""

    moving_from_fixed: np.ndarray | None  # 3 x 3
    seconds: float
    verdict: str | None = None  # accept, review or refuse; None for methods without a verdict


def error_px(case: Case, answer: Answer) -> float:
    """Return the mean distance of estimated and true positions of the fixed image's corners.

    In px of the moving image, as published for these cases; infinite without an answer.
    """
    if answer.moving_from_fixed is None:
        return math.inf
    return corner_error(answer.moving_from_fixed, case.moving_from_fixed, case.fixed.shape)


def scores(cases: list[Case], answers: list[Answer]) -> dict:
    """Return all figures of one method."""
    errors = np.array([error_px(*both) for both in zip(cases, answers, strict=True)])
    cells = {}
    for kind in KINDS:
        for level in LEVELS:
            mine = np.array([case.kind == kind and case.level == level for case in cases])
            if mine.any():
                cells[f"{kind} {level}"] = cell(errors[mine])
    return {
        "cells": cells,
        "verdicts": verdicts(errors, answers),
        "parameters": parameter_scores(cases, answers),
        "no_answer": sum(answer.moving_from_fixed is None for answer in answers),
        "seconds_per_pair": float(np.median([answer.seconds for answer in answers])),
    }


def cell(errors: np.ndarray) -> dict:
    """Return success and median error of one kind and level; the median is None where most have failed."""
    middle = float(np.median(errors))
    under = {f"under_{px}_px": float(np.mean(errors < px)) for px in THRESHOLDS_PX}
    return {"pairs": len(errors), **under, "median_error_px": middle if math.isfinite(middle) else None}


def verdicts(errors: np.ndarray, answers: list[Answer]) -> dict[str, dict[str, int]] | None:
    """Return pairs and pairs under 5 px of each verdict; None for a method without verdicts."""
    given = np.array([answer.verdict or "" for answer in answers])
    if not given.astype(bool).any():
        return None
    return {
        verdict: {
            "pairs": int((given == verdict).sum()),
            "under_5_px": int((errors[given == verdict] < 5).sum()),
        }
        for verdict in ("accept", "review", "refuse")
    }


def parameters(case: Case, moving_from_fixed: np.ndarray) -> np.ndarray:
    """Return angle (rad), log scale and shift (x, y in px, centre to centre) of fixed_from_moving."""
    matrix = np.linalg.inv(moving_from_fixed)
    (a, b), (c, d) = matrix[:2, :2]
    scale = math.sqrt(abs(a * d - b * c))
    shift = map_points(matrix, image_center(case.moving.shape)) - image_center(case.fixed.shape)
    return np.array([math.atan2(c - b, a + d), math.log(scale), *shift])


def parameter_scores(cases: list[Case], answers: list[Answer]) -> dict[str, dict[str, float | None]]:
    """Return R2 (None where the truth is constant) and MAE; the identity replaces missing answers."""
    truth = np.array([parameters(case, case.moving_from_fixed) for case in cases])
    matrices = [np.eye(3) if a.moving_from_fixed is None else a.moving_from_fixed for a in answers]
    rest = np.array([parameters(case, matrix) for case, matrix in zip(cases, matrices, strict=True)]) - truth
    rest[:, 0] = (rest[:, 0] + math.pi) % (2 * math.pi) - math.pi  # 359 degrees off is 1 degree off
    spread = ((truth - truth.mean(0)) ** 2).sum(0)
    r2 = [
        1 - float(off / width) if width > 0 else None
        for off, width in zip((rest**2).sum(0), spread, strict=True)
    ]
    in_units = [np.degrees(rest[:, 0]), 100 * np.expm1(rest[:, 1]), rest[:, 2], rest[:, 3]]
    mae = [float(np.abs(column).mean()) for column in in_units]
    return {
        "r2": dict(zip(PARAMETERS, r2, strict=True)),
        "mae": dict(zip(PARAMETERS, mae, strict=True)),
    }
