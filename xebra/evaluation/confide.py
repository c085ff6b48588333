"""Learn what the signs of an answer mean, on pairs held out for nothing else."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize

from xebra.estimate.attempts import Attempt
from xebra.estimate.confidence import Bar, Confidence
from xebra.estimate.estimator import PyramidEstimator
from xebra.estimate.signs import PIXELS, VIEW, WIDTH, WINDOWS, Signs, parameter_covariance
from xebra.evaluation.simulated import SIDE, Case
from xebra.image import Image
from xebra.transform import SimilarityTransform, corner_error, image_center

RIGHT_PX = 5.0  # at 256
SHRINK = 3e-3  # of the weights, per pair: keeps them finite where the pairs fall apart cleanly
CAREFUL = 0.985  # share of right answers among the accepted that the threshold is set for
LEAST = 0.7  # probability below which nothing is accepted: real pairs are less kind than simulated ones
WARY = 0.4  # probability of being right below which an answer is refused
UNSCALED = Bar(1.0, 1.0, [1.0] * 4)
# Before there is a calibration:
NONE = Confidence([0.0] * 6, 0.0, 0.9, WARY, 50.0, dict.fromkeys((VIEW, WINDOWS, PIXELS), UNSCALED))
FEWEST = 8  # right answers by which an error bar is set
NORMAL = 1.96  # standard deviations that hold 95 %


@dataclass(frozen=True)
class Measured:
    """An answer whose error is known."""

    signs: Signs
    error_px: float  # at the corners, at 256
    pulls: np.ndarray  # (4,): errors of log scale, angle, shift x and y over what the information leaves open


def measure(estimator: PyramidEstimator, cases: Iterable[Case]) -> list[list[Measured]]:
    """Every attempt of the estimator at each case."""
    return [
        [_measured(attempt, case) for attempt in estimator.attempts(Image(case.fixed), Image(case.moving))[1]]
        for case in cases
    ]


def _measured(found: Attempt, case: Case) -> Measured:
    shape = case.fixed.shape
    error = corner_error(found.best.moving_from_fixed, np.linalg.inv(case.truth.matrix), shape)
    four = SimilarityTransform.from_matrix(np.linalg.inv(found.best.moving_from_fixed), image_center(shape))
    apart = (
        math.log(four.scale / case.truth.scale),
        math.remainder(four.angle - case.truth.angle, 2 * math.pi),
        *np.subtract(four.translation, case.truth.translation),
    )
    spread = np.sqrt(np.diag(parameter_covariance(found.best, shape, shape)))
    return Measured(found.signs, error * WIDTH / max(shape), np.array(apart) / spread)


def fit(measured: list[list[Measured]], by_windows: list[list[Measured]]) -> Confidence:
    """Logistic regression of being right; spreads and intervals scaled to hold what they say.

    Of the attempts at each pair. ``by_windows``: at images so large that windows had the last word.
    """
    every = [attempt for attempts in measured for attempt in attempts]
    features = np.array([m.signs.features for m in every])
    right = np.array([m.error_px < RIGHT_PX for m in every])
    centre, spread = features.mean(0), features.std(0) + 1e-6
    weights, bias = _logistic((features - centre) / spread, right)
    weights = weights / spread
    bias -= float(weights @ centre)
    judge = replace(NONE, weights=weights.round(4).tolist(), bias=round(bias, 4))
    judge = replace(judge, accept_from=round(_threshold(judge, measured), 4))
    answers, of_windows = ([_given(judge, attempts) for attempts in each] for each in (measured, by_windows))
    errors = np.array([m.error_px for m in answers])
    bars = {word: _bar([m for m in answers if m.signs.last_word == word]) for word in (VIEW, PIXELS)}
    wrong_px = round(float(np.minimum(errors[errors >= RIGHT_PX], SIDE).mean()), 2)
    # Of windows there are too few for four scales of their own: the view's, all times the same.
    wider = float(np.median(np.divide(_bar(of_windows).interval_scale, bars[VIEW].interval_scale)))
    return replace(judge, wrong_px=wrong_px, bars={**bars, WINDOWS: _times(bars[VIEW], wider)})


def _given(judge: Confidence, attempts: list[Measured]) -> Measured:
    """The answer: that of the first attempt that will do, or of the last."""
    return next((m for m in attempts if judge.accepts(m.signs)), attempts[-1])


def _bar(measured: list[Measured]) -> Bar:
    """How far the right ones of some answers are off; not known (1) where they are too few."""
    right = [m for m in measured if m.error_px < RIGHT_PX]
    if len(right) < FEWEST:
        return UNSCALED
    ratio = np.array([m.error_px / m.signs.open_px for m in right])
    scale = float(np.median(ratio))
    widest = np.quantile([np.abs(m.pulls) for m in right], 0.95, axis=0)  # (4,) pulls that 95 % lie within
    return Bar(round(scale, 4), round(float(ratio.mean() / scale), 4), (widest / NORMAL).round(4).tolist())


def _times(bar: Bar, factor: float) -> Bar:
    interval_scale = [round(scale * factor, 4) for scale in bar.interval_scale]
    return Bar(round(bar.spread_scale * factor, 4), bar.right_error, interval_scale)


def _logistic(features: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, float]:
    """Weights and bias of the regularised logistic regression."""
    sign = np.where(right, 1.0, -1.0)

    def cost(w: np.ndarray) -> float:
        odds = sign * (features @ w[:-1] + w[-1])
        return float(np.logaddexp(0, -odds).mean() + SHRINK * (w[:-1] ** 2).sum() / 2)

    found = minimize(cost, np.zeros(features.shape[1] + 1)).x
    return found[:-1], float(found[-1])


def _threshold(judge: Confidence, measured: list[list[Measured]]) -> float:
    """The lowest from which the answers accepted are right often enough."""
    for least in sorted({judge.probability(m.signs) for attempts in measured for m in attempts}):
        trial = replace(judge, accept_from=float(np.clip(least, LEAST, 0.999)))
        answers = [_given(trial, attempts) for attempts in measured]
        accepted = [m for m in answers if trial.accepts(m.signs)]
        if accepted and np.mean([m.error_px < RIGHT_PX for m in accepted]) >= CAREFUL:
            return trial.accept_from
    return 0.99
