"""Fit the calibration of the default network's error estimate, on held-out pairs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize

from xebra.estimate.attempts import Attempt
from xebra.estimate.confidence import Confidence, ErrorScale
from xebra.estimate.estimate import REFERENCE_WIDTH
from xebra.estimate.pyramid_estimator import PyramidEstimator
from xebra.estimate.quality_features import (
    BLOCKS,
    INTENSITY,
    WHOLE_VIEW,
    QualityFeatures,
    parameter_covariance,
)
from xebra.evaluation.simulated import SIDE, Case
from xebra.image import Image
from xebra.transform import SimilarityTransform, corner_error, image_center

RIGHT_PX = 5.0  # at 256: estimates with a smaller corner error are right
WEIGHT_PENALTY = 3e-3  # L2: keeps the weights finite where the classes are separable
TARGET_PRECISION = 0.985  # share of right estimates among the accepted ones
MIN_ACCEPT_PROBABILITY = 0.7  # lower limit of the threshold: real pairs are harder than simulated ones
REVIEW_PROBABILITY = 0.4  # estimates of a lower probability are refused
UNSCALED = ErrorScale(1.0, 1.0, [1.0] * 4)
UNCALIBRATED = Confidence(
    [0.0] * 6,
    0.0,
    0.9,
    REVIEW_PROBABILITY,
    50.0,
    dict.fromkeys((WHOLE_VIEW, BLOCKS, INTENSITY), UNSCALED),
)
MIN_RIGHT = 8  # right estimates from which an error scale is fitted
NORMAL_95 = 1.96  # standard deviations that contain 95 % of a normal distribution


@dataclass(frozen=True)
class MeasuredAttempt:
    """An attempt with its true error."""

    features: QualityFeatures
    error_px: float  # mean corner error at 256
    pulls: np.ndarray  # (4,): errors of log scale, angle, shift x and y over their predicted deviations


def measure(estimator: PyramidEstimator, cases: Iterable[Case]) -> list[list[MeasuredAttempt]]:
    """Return all attempts of the estimator at each case."""
    return [
        [_measure(attempt, case) for attempt in estimator.attempts(Image(case.fixed), Image(case.moving))[1]]
        for case in cases
    ]


def _measure(attempt: Attempt, case: Case) -> MeasuredAttempt:
    """Return an attempt with its error at a case."""
    shape = case.fixed.shape
    error = corner_error(attempt.best.moving_from_fixed, np.linalg.inv(case.truth.matrix), shape)
    found = SimilarityTransform.from_matrix(
        np.linalg.inv(attempt.best.moving_from_fixed), image_center(shape)
    )
    errors = (
        math.log(found.scale / case.truth.scale),
        math.remainder(found.angle - case.truth.angle, 2 * math.pi),
        *np.subtract(found.translation, case.truth.translation),
    )
    deviations = np.sqrt(np.diag(parameter_covariance(attempt.best, shape, shape)))
    pulls = np.array(errors) / deviations
    return MeasuredAttempt(attempt.features, error * REFERENCE_WIDTH / max(shape), pulls)


def fit(measured: list[list[MeasuredAttempt]], with_blocks: list[list[MeasuredAttempt]]) -> Confidence:
    """Return the calibration: logistic regression of being right, thresholds and error scales.

    ``measured`` holds the attempts at each pair, ``with_blocks`` those at images so large that block
    refinement is the final stage.
    """
    model = _fit_probability([attempt for attempts in measured for attempt in attempts])
    model = replace(model, accept_probability=round(_threshold(model, measured), 4))
    reported = [_reported(model, attempts) for attempts in measured]
    errors = np.array([m.error_px for m in reported])
    wrong_px = round(float(np.minimum(errors[errors >= RIGHT_PX], SIDE).mean()), 2)
    of_blocks = [_reported(model, attempts) for attempts in with_blocks]
    return replace(model, wrong_px=wrong_px, error_scales=_fit_error_scales(reported, of_blocks))


def _fit_probability(measured: list[MeasuredAttempt]) -> Confidence:
    """Return a calibration with the fitted weights and bias."""
    features = np.array([m.features.vector for m in measured])
    right = np.array([m.error_px < RIGHT_PX for m in measured])
    mean, deviation = features.mean(0), features.std(0) + 1e-6
    weights, bias = _logistic_regression((features - mean) / deviation, right)
    weights = weights / deviation
    bias -= float(weights @ mean)
    return replace(UNCALIBRATED, weights=weights.round(4).tolist(), bias=round(bias, 4))


def _fit_error_scales(
    measured: list[MeasuredAttempt], of_blocks: list[MeasuredAttempt]
) -> dict[str, ErrorScale]:
    """Return the error scale of each final stage.

    Block refinement has too few pairs for an own scale of each parameter: its scales are those of the whole
    view times one factor.
    """
    scales = {
        stage: _fit_error_scale([m for m in measured if m.features.final_stage == stage])
        for stage in (WHOLE_VIEW, INTENSITY)
    }
    ratios = np.divide(_fit_error_scale(of_blocks).interval_scale, scales[WHOLE_VIEW].interval_scale)
    return {**scales, BLOCKS: _scaled(scales[WHOLE_VIEW], float(np.median(ratios)))}


def _reported(model: Confidence, attempts: list[MeasuredAttempt]) -> MeasuredAttempt:
    """Return the attempt that is reported: the first that is accepted, else the last."""
    return next((m for m in attempts if model.accepts(m.features)), attempts[-1])


def _fit_error_scale(measured: list[MeasuredAttempt]) -> ErrorScale:
    """Return the error scale of the right attempts; ``UNSCALED`` where they are too few."""
    right = [m for m in measured if m.error_px < RIGHT_PX]
    if len(right) < MIN_RIGHT:
        return UNSCALED
    ratio = np.array([m.error_px / m.features.reported_uncertainty_px for m in right])
    median = float(np.median(ratio))
    quantiles = np.quantile([np.abs(m.pulls) for m in right], 0.95, axis=0)  # (4,)
    return ErrorScale(
        round(median, 4), round(float(ratio.mean() / median), 4), (quantiles / NORMAL_95).round(4).tolist()
    )


def _scaled(scale: ErrorScale, factor: float) -> ErrorScale:
    """Return an error scale times a factor."""
    interval_scale = [round(each * factor, 4) for each in scale.interval_scale]
    return ErrorScale(round(scale.uncertainty_scale * factor, 4), scale.mean_over_median, interval_scale)


def _logistic_regression(features: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, float]:
    """Return weights (F,) and bias for features (N, F) and labels (N,)."""
    sign = np.where(right, 1.0, -1.0)

    def loss(w: np.ndarray) -> float:
        log_odds = sign * (features @ w[:-1] + w[-1])
        return float(np.logaddexp(0, -log_odds).mean() + WEIGHT_PENALTY * (w[:-1] ** 2).sum() / 2)

    found = minimize(loss, np.zeros(features.shape[1] + 1)).x
    return found[:-1], float(found[-1])


def _threshold(model: Confidence, measured: list[list[MeasuredAttempt]]) -> float:
    """Return the lowest acceptance probability that reaches the target precision."""
    for probability in sorted({model.probability(m.features) for attempts in measured for m in attempts}):
        trial = replace(model, accept_probability=float(np.clip(probability, MIN_ACCEPT_PROBABILITY, 0.999)))
        reported = [_reported(trial, attempts) for attempts in measured]
        accepted = [m for m in reported if trial.accepts(m.features)]
        if accepted and np.mean([m.error_px < RIGHT_PX for m in accepted]) >= TARGET_PRECISION:
            return trial.accept_probability
    return 0.99
