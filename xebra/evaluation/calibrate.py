"""Learn what a disagreement of two estimates means, on pairs held out for nothing else."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np
from scipy.optimize import isotonic_regression

from xebra.estimate.judge import Calibration
from xebra.estimate.regressed import RegressedEstimator
from xebra.evaluation.simulated import SIDE, Case
from xebra.image import Image
from xebra.transform import corner_error

KNOTS = 24


def measure(estimator: RegressedEstimator, cases: Iterable[Case]) -> tuple[np.ndarray, np.ndarray]:
    """Disagreement and true corner error of each case, px at 256."""
    rows = []
    for case in cases:
        both = estimator.both_ways(Image(case.fixed), Image(case.moving))
        error = corner_error(both.half_way, case.truth.matrix, (SIDE, SIDE))
        rows.append((both.disagreement_px((SIDE, SIDE)), error))
    return np.array(rows)[:, 0], np.array(rows)[:, 1]


def calibrate(disagreement: np.ndarray, error: np.ndarray) -> Calibration:
    """The mean error for each disagreement, never falling (isotonic regression), at a few knots."""
    order = np.argsort(disagreement)
    fitted = isotonic_regression(error[order]).x
    knots = np.unique(np.linspace(0, len(order) - 1, KNOTS).round().astype(int))
    return Calibration(disagreement[order][knots].round(3).tolist(), fitted[knots].round(3).tolist())


def as_config(calibration: Calibration) -> dict:
    """For config.json."""
    return dataclasses.asdict(calibration)
