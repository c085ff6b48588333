"""Fit the regression network's expected error as a function of its disagreement, on held-out pairs."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy.optimize import isotonic_regression

from xebra.arrays import Floats
from xebra.estimate.disagreement_verdict import DisagreementCalibration
from xebra.estimate.regression_estimator import RegressionEstimator
from xebra.evaluation.simulated import SIDE, Case
from xebra.image import Image
from xebra.transform import corner_error

KNOTS = 24


def measure(estimator: RegressionEstimator, cases: Iterable[Case]) -> tuple[Floats, Floats]:
    """Return disagreement (N,) and true corner error (N,) of the cases, px at 256."""
    rows = []
    for case in cases:
        both = estimator.estimate_both(Image(case.fixed), Image(case.moving))
        error = corner_error(both.symmetric_mean, case.truth.matrix, (SIDE, SIDE))
        rows.append((both.disagreement_px((SIDE, SIDE)), error))
    return np.array(rows)[:, 0], np.array(rows)[:, 1]


def fit(disagreement: Floats, error: Floats) -> DisagreementCalibration:
    """Return the mean error (N,) for each disagreement (N,) by isotonic regression, at a few knots."""
    order = np.argsort(disagreement)
    fitted = isotonic_regression(error[order]).x
    knots = np.unique(np.linspace(0, len(order) - 1, KNOTS).round().astype(int))
    return DisagreementCalibration(
        disagreement[order][knots].round(3).tolist(), fitted[knots].round(3).tolist()
    )
