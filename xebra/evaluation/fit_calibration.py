"""Fit the calibration of the default network's error estimate, on pairs used for nothing else."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize

from xebra.arrays import Floats, Matrix
from xebra.estimate.confidence import Confidence, ErrorScale
from xebra.estimate.estimate import REFERENCE_WIDTH
from xebra.estimate.pyramid_estimator import PyramidEstimator
from xebra.estimate.pyramid_result import PyramidResult
from xebra.estimate.quality_features import BLOCKS, INTENSITY, WHOLE_VIEW, QualityFeatures
from xebra.evaluation.certificate import MAX_WRONG, upper_bound
from xebra.evaluation.corner_bound import bound_ratio, parameter_errors
from xebra.evaluation.labelled_pairs import Judged, LabelledPair
from xebra.image import Image
from xebra.transform import corner_error, corners, image_center

FARTHEST_PX = 256.0  # at 256: a wrong estimate counts as no further off
WEIGHT_PENALTY = 3e-3  # L2: keeps the weights finite where the classes are separable
PLATT_PENALTY = 1e-4  # likewise, of the two slopes of the scaling
TAIL_QUANTILE = 0.85  # of the wrong estimates' log odds: where the steeper slope begins
PROBABILITIES = (
    0.99,
    0.98,
    0.97,
    0.96,
    0.95,
    0.93,
    0.9,
    0.87,
    0.84,
    0.8,
    0.75,
    0.7,
)  # from strict to lenient
STRICTNESS_COST = 0.01  # share of the right estimates that a stricter threshold may cost
REFUSED = 0.97  # share of the estimates of unrelated pairs that are refused
REVIEW_PROBABILITY = (0.02, 0.5)  # limits of the threshold below which an estimate is refused
SURE_PROBABILITY, SURE_MARGIN = 0.999, 8.0  # attempts above are followed by no other
FEATURES = 11
UNSCALED = ErrorScale(1.0, 1.0, [1.0] * 4)
UNCALIBRATED = Confidence(
    [0.0] * FEATURES,
    0.0,
    0.99,
    REVIEW_PROBABILITY[1],
    50.0,
    dict.fromkeys((WHOLE_VIEW, BLOCKS, INTENSITY), UNSCALED),
)
STAGES = (WHOLE_VIEW, BLOCKS, INTENSITY)
MIN_OF_SPECIMEN = 20  # right estimates of a specimen from which error scales may be fitted to it
MIN_RIGHT = 8  # right estimates from which an error scale is fitted
NORMAL_95 = 1.96  # standard deviations that contain 95 % of a normal distribution


@dataclass(frozen=True)
class MeasuredAttempt(Judged):
    """An attempt with its true error."""

    features: QualityFeatures
    error_px: float  # mean corner error at 256; infinite where no transform is right
    pulls: Floats  # (4,): errors of log scale, angle, shift x and y over their predicted deviations
    kind: str = "multi"
    source: str = "simulated"
    places: int = 1  # that fit nearly as well: several are not accepted
    detail: bool = False  # one image as a part of the other
    synthesised: bool = False  # one image shown as the other modality would show it
    unexpected: bool = False  # a detail that neither sizes nor spacings suggest
    mirrored: QualityFeatures | None = None  # of the mirrored moving image, where the pair is not sure
    covariance: Matrix | None = None  # (4, 4) of log scale, angle, shift, not calibrated
    corners: Floats | None = None  # (4, 2): of the fixed image, from the moving image's centre, px
    truth_px: float = 0.0  # uncertainty of the truth, px at 256

    def bound_ratio(self, interval_scale: Floats) -> float:
        """Return the largest corner error over its 95 % bound with a calibration; NaN where unknown."""
        if self.covariance is None or self.corners is None:
            return math.nan
        errors = self.pulls * np.sqrt(np.diag(self.covariance))
        return bound_ratio(errors, self.covariance * np.outer(interval_scale, interval_scale), self.corners)

    @property
    def competes(self) -> bool:
        """Return whether this attempt is reported only where it is the most probable one."""
        return self.detail or self.synthesised

    @property
    def judged(self) -> bool:
        """Return whether an attempt is known to be right or known to be wrong."""
        return self.truth_is_known or not self.right


def measure(estimator: PyramidEstimator, pairs: Iterable[LabelledPair]) -> Iterator[list[MeasuredAttempt]]:
    """Yield the attempts of the estimator at each pair, up to one that is sure without image synthesis.

    Without those with a synthesised image, they are the attempts of a network that synthesises none.
    """
    for pair in pairs:
        made: list[MeasuredAttempt] = []
        for result in estimator.all_results(Image(pair.fixed), Image(pair.moving)):
            made.append(_measure(result, pair))
            sure = not result.is_ambiguous and _needs_no_other(estimator.confidence, result.features)
            if sure and not result.synthesised:
                break
        last = [m for m in made if not m.synthesised][-1]
        if estimator.confidence.probability(last.features) < SURE_PROBABILITY:
            other = estimator.mirrored_features(Image(pair.fixed), Image(pair.moving))
            made = [replace(m, mirrored=other) for m in made]
        yield made


def _needs_no_other(confidence: Confidence, features: QualityFeatures) -> bool:
    """Return whether an attempt is so sure that any threshold accepts it."""
    sure = confidence.probability(features) > SURE_PROBABILITY and features.score_margin > SURE_MARGIN
    return sure and confidence.accepts(features)


def _measure(attempt: PyramidResult, pair: LabelledPair) -> MeasuredAttempt:
    """Return an attempt with its error at a pair."""
    origin = attempt.detail is not None, attempt.synthesised, attempt.unexpected
    known = (pair.kind, pair.source, attempt.places_alike, *origin)
    if pair.moving_from_fixed is None:
        return MeasuredAttempt(attempt.features, math.inf, np.full(4, np.nan), *known)
    shape, moving_shape = pair.fixed.shape, pair.moving.shape
    found, truth = (np.linalg.inv(each) for each in (attempt.moving_from_fixed, pair.moving_from_fixed))
    error = corner_error(found @ pair.moving_from_fixed, np.eye(3), shape)
    errors = parameter_errors(found, truth, moving_shape)
    covariance = attempt.covariance(Image(pair.fixed), Image(pair.moving))[:4, :4]
    center = truth @ [*image_center(moving_shape), 1]
    return MeasuredAttempt(
        attempt.features,
        error * REFERENCE_WIDTH / max(shape),
        errors / np.sqrt(np.diag(covariance)),
        *known,
        truth_px=pair.truth_px,
        covariance=covariance,
        corners=corners(shape) - center[:2],
    )


def fit(measured: list[list[MeasuredAttempt]]) -> Confidence:
    """Return the calibration: logistic regression of being right, error scales and thresholds.

    ``measured`` holds the attempts at each pair: of one and of two modalities, of images so large that block
    refinement is the final stage, and of pairs without a right answer. Attempts that are neither known to be
    right nor known to be wrong are left out.
    """
    learnt = [m for attempts in measured for m in attempts if m.kind != "mirrored" and m.judged]
    model = _fit_probability(learnt)
    final = [m for m in ([m for m in attempts if not m.competes][-1] for attempts in measured) if m.judged]
    model = _scaled_to(model, [m for m in final if math.isfinite(m.error_px)])
    model = _with_wrong_error(model, [m for m in final if not m.right and math.isfinite(m.error_px)])
    return choose_thresholds(model, measured)


def choose_thresholds(model: Confidence, measured: list[list[MeasuredAttempt]]) -> Confidence:
    """Return a calibration with the error scales and thresholds that fit measured attempts; see ``fit``."""
    final = [m for m in ([m for m in attempts if not m.competes][-1] for attempts in measured) if m.judged]
    model = replace(model, error_scales=_fit_error_scales(final))
    for threshold in THRESHOLDS:
        model = threshold(model, PROBABILITIES[0])
    for threshold in THRESHOLDS:
        model = threshold(model, _accept_probability(model, measured, threshold))
    return replace(model, review_probability=_review_probability(model, measured))


def reported(model: Confidence, attempts: list[MeasuredAttempt]) -> MeasuredAttempt:
    """Return the attempt that is reported: the first that is accepted, else the most probable one.

    Of the attempts at the images themselves, of equal fields of view, the last one counts.
    """
    first = next((m for m in attempts if accepted(model, m)), None)
    whole = [m for m in attempts if not m.competes][-1:]
    others = [*whole, *(m for m in attempts if m.competes)]
    return first or max(others, key=lambda m: model.preference(m.features, m.synthesised, m.unexpected))


def accepted(model: Confidence, measured: MeasuredAttempt) -> bool:
    """Return whether an attempt is accepted."""
    if measured.places > 1 or not model.accepts(measured.features, synthesised=measured.synthesised):
        return False
    return not model.prefers_mirrored(measured.features, measured.mirrored)


def _fit_probability(measured: list[MeasuredAttempt]) -> Confidence:
    """Return a calibration with the fitted weights and bias."""
    features = np.array([m.features.vector for m in measured])
    right = np.array([m.right for m in measured])
    mean, deviation = features.mean(0), features.std(0) + 1e-6
    weights, bias = _logistic_regression((features - mean) / deviation, right)
    weights = weights / deviation
    bias -= float(weights @ mean)
    return replace(UNCALIBRATED, weights=weights.round(4).tolist(), bias=round(bias, 4))


def _with_wrong_error(model: Confidence, wrong: list[MeasuredAttempt]) -> Confidence:
    """Return the calibration with the error of wrong estimates, exponential in the log odds.

    Iteratively reweighted least squares for a mean with logarithmic link: the mean counts, not the median.
    """
    if len(wrong) < MIN_RIGHT:
        return replace(model, wrong_px=FARTHEST_PX / 2)
    odds = np.array([model.log_odds(m.features) for m in wrong])
    errors = np.array([min(m.error_px, FARTHEST_PX) for m in wrong])
    design = np.stack([np.ones(len(wrong)), -odds], 1)
    level, decay = math.log(errors.mean()), 0.0
    for _ in range(20):
        mean = np.exp(design @ [level, decay])
        level, decay = np.linalg.lstsq(design, np.log(mean) + errors / mean - 1, rcond=None)[0]
    return replace(model, wrong_px=round(math.exp(level), 2), wrong_decay=round(float(max(decay, 0)), 4))


def _scaled_to(model: Confidence, measured: list[MeasuredAttempt]) -> Confidence:
    """Return the calibration whose log odds are those of pairs with an answer, piecewise linear.

    Platt's scaling (Advances in Large Margin Classifiers, 61, 1999) with two slopes: the regression has
    learnt from more pairs without an answer than anybody registers, and from harder ones.
    """
    log_odds = np.array([m.features.vector @ np.array(model.weights) + model.bias for m in measured])
    right = np.array([m.right for m in measured])
    if right.all() or not right.any():
        return model
    knot = float(np.quantile(log_odds[~right], TAIL_QUANTILE))
    parts = np.stack([log_odds, np.maximum(log_odds - knot, 0)], 1)
    (gain, tail), offset = _logistic_regression(parts, right, PLATT_PENALTY)
    return replace(
        model,
        weights=(gain * np.array(model.weights)).round(4).tolist(),
        bias=round(float(gain * model.bias + offset), 4),
        tail_from=round(float(gain * knot + offset), 4),
        tail_gain=round(float(max(tail, 0) / gain), 4),
    )


def _logistic_regression(
    features: Floats, right: Floats, penalty: float = WEIGHT_PENALTY
) -> tuple[Floats, float]:
    """Return weights (F,) and bias for features (N, F) and labels (N,)."""
    sign = np.where(right, 1.0, -1.0)

    def loss(w: Floats) -> float:
        log_odds = sign * (features @ w[:-1] + w[-1])
        return float(np.logaddexp(0, -log_odds).mean() + penalty * (w[:-1] ** 2).sum() / 2)

    found = minimize(loss, np.zeros(features.shape[1] + 1)).x
    return found[:-1], float(found[-1])


def _fit_error_scales(measured: list[MeasuredAttempt]) -> dict[str, ErrorScale]:
    """Return the error scale of each final stage, of the right attempts without an affine residual.

    Where two modalities are compared on the whole view, errors depend on the specimen beyond their
    uncertainty: signals of different depth and asymmetric contrasts shift an image as a whole. The scale is
    that of the specimen with the largest errors, so that error bars hold on specimens like it.
    """
    plain = [m for m in measured if m.right and not m.features.affine.stretch]
    of = {stage: [m for m in plain if m.features.final_stage == stage] for stage in STAGES}
    return {
        stage: _fit_error_scale(_of_largest_errors(right) if stage == WHOLE_VIEW else right)
        for stage, right in of.items()
    }


def _of_largest_errors(right: list[MeasuredAttempt]) -> list[MeasuredAttempt]:
    """Return the attempts at two modalities of the specimen with the largest errors over their uncertainty.

    All attempts where no specimen has enough of them.
    """
    enough = _by_specimen([each for each in right if each.kind == "multi"])
    return max(enough, key=lambda held: _ratios(held).mean()) if enough else right


def _ratios(right: list[MeasuredAttempt]) -> Floats:
    """Return the errors (N,) over the uncertainties before calibration."""
    return np.array([m.error_px / m.features.final_uncertainty_px for m in right])


def _fit_error_scale(right: list[MeasuredAttempt]) -> ErrorScale:
    """Return the error scale of right attempts; ``UNSCALED`` where they are too few.

    Intervals hold in 95 % of the attempts at each specimen.
    """
    if len(right) < MIN_RIGHT:
        return UNSCALED
    ratio = _ratios(right)
    median = float(np.median(ratio))
    scale = np.max([_interval_scale(held) for held in _by_specimen(right) or [right]], 0)
    return ErrorScale(round(median, 4), round(float(ratio.mean() / median), 4), scale.round(4).tolist())


def _interval_scale(right: list[MeasuredAttempt]) -> Floats:
    """Return the scale (4,) with which 95 % intervals of the parameters and bounds of the corners hold.

    Shifts along x and y have one scale: images that are turned by 90 degrees exchange them.
    """
    pulls = np.array([np.abs(m.pulls) for m in right])
    shifts = np.quantile(pulls[:, 2:], 0.95)
    scale = np.append(np.quantile(pulls[:, :2], 0.95, axis=0), [shifts, shifts]) / NORMAL_95
    return scale * _bound_scale(right, scale)


def _by_specimen(right: list[MeasuredAttempt]) -> list[list[MeasuredAttempt]]:
    """Return the attempts at each specimen that has enough of them."""
    held: dict[str, list[MeasuredAttempt]] = {}
    for each in right:
        held.setdefault(re.split("[^a-z]", each.source)[0], []).append(each)
    return [attempts for attempts in held.values() if len(attempts) >= MIN_OF_SPECIMEN]


def _bound_scale(right: list[MeasuredAttempt], interval_scale: Floats) -> float:
    """Return the factor, at least 1, with which the 95 % bounds of the corners hold in 95 % too."""
    ratios = np.array([m.bound_ratio(interval_scale) for m in right])
    known = ratios[np.isfinite(ratios)]
    return max(1.0, float(np.quantile(known, 0.95))) if len(known) >= MIN_RIGHT else 1.0


def _with_accept_probability(model: Confidence, probability: float) -> Confidence:
    return replace(model, accept_probability=probability)


def _with_same_contrast_probability(model: Confidence, probability: float) -> Confidence:
    return replace(model, same_contrast_probability=probability)


THRESHOLDS = (_with_accept_probability, _with_same_contrast_probability)


def _accept_probability(
    model: Confidence,
    measured: list[list[MeasuredAttempt]],
    threshold: Callable[[Confidence, float], Confidence],
) -> float:
    """Return a safe value of a threshold, by testing fixed ones from strict to lenient.

    A threshold is safe where, with 95 % confidence, at most 1 % of the accepted estimates are wrong. The
    first one that is not ends the tests, so that their number costs no confidence (fixed-sequence testing in
    Angelopoulos et al., Learn then Test, arXiv 2110.01052). The strictest safe one that costs few right
    estimates is taken, or the first one where none is safe.
    """
    safe: dict[float, int] = {}  # number of right ones accepted
    for probability in PROBABILITIES:
        trial = threshold(model, probability)
        each = (reported(trial, attempts) for attempts in measured)
        right = [m.right for m in each if m.judged and accepted(trial, m)]
        if upper_bound(len(right) - sum(right), len(right)) > MAX_WRONG:
            break
        safe[probability] = sum(right)
    enough = (1 - STRICTNESS_COST) * max(safe.values(), default=0)
    return next((p for p, right in safe.items() if right >= enough), PROBABILITIES[0])


def _review_probability(model: Confidence, measured: list[list[MeasuredAttempt]]) -> float:
    """Return the threshold below which most estimates of unrelated pairs lie."""
    unrelated = [
        model.probability(reported(model, attempts).features)
        for attempts in measured
        if attempts[-1].kind in ("different", "apart")
    ]
    return round(float(np.clip(np.quantile(unrelated or [0.5], REFUSED), *REVIEW_PROBABILITY)), 4)
