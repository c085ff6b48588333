"""Calibrated probability and precision of an estimate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from xebra.arrays import Matrix
from xebra.estimate.estimate import REFERENCE_WIDTH
from xebra.estimate.quality_features import INTENSITY, WHOLE_VIEW, QualityFeatures

DEFAULT_TOLERANCE = 0.02  # of the fixed image's width: largest expected corner error of an accepted estimate
RIGHT_PX = 5.0  # at 256: estimates with a smaller corner error are right
# Corner error of 99 % of the estimates at the right place over the mean: a chi distribution with 4 degrees of
# freedom, for the four parameters of a similarity.
LARGEST_OVER_MEAN = 1.94
MIN_SCORE_MARGIN = 1.5  # log odds: an estimate with a smaller margin is not accepted
QUICK_PROBABILITY = 0.998  # a less sure quick attempt is followed by a thorough one, which compares more
MIRROR_CHECKED_BELOW = 0.9997  # probability: a less sure estimate is compared with the mirrored image
# Log odds by which an estimate with a synthesised image is preferred where none is accepted: 3 to 6 were
# best on 24 pairs of the instrument that it was trained for, and cost 0 to 1 of 44 pairs of others.
SYNTHESIS_PREFERENCE = 3.0
SYNTHESIS_PROBABILITY = 0.99  # an estimate with a synthesised image of a lower probability is not accepted
# Log odds that a detail in an overview must lead by, where nothing but the search suggests one: its search
# compares many more places. A lead of 1 to 6 loses none of 96 details; of 569 pairs of equal fields, 33 are
# wrong without it and 30 with 3.
DETAIL_PREFERENCE = -3.0
MAX_LOG_ODDS = 9.0  # a probability further from 0 or 1 than 1e-4 was never measured


@dataclass(frozen=True)
class ErrorScale:
    """Ratio of true to predicted errors of right estimates, for one final stage."""

    uncertainty_scale: float  # median corner error over predicted uncertainty
    mean_over_median: float  # of corner errors
    # True standard deviation over the predicted one, of log scale, angle, shift x and y, such that 95 % of
    # the errors are within 1.96 standard deviations.
    interval_scale: list[float]


@dataclass(frozen=True)
class Confidence:
    """Calibration of the error estimate, from config.json; see ``xebra.evaluation.fit_calibration``.

    Two questions are answered separately: is this the right place (``probability``), and how precise is it
    (``precision_px``)? An estimate is accepted where both answers are good enough.
    """

    weights: list[float]  # (11,) of the logistic regression on ``QualityFeatures.vector``
    bias: float
    accept_probability: float  # estimates of this and a higher probability are accepted
    review_probability: float  # estimates of a lower probability are refused
    wrong_px: float  # mean corner error of wrong estimates as probable as right ones, px at 256
    error_scales: dict[str, ErrorScale]  # by final stage
    tail_from: float = 0.0  # log odds above which their slope is ``1 + tail_gain`` times as steep
    tail_gain: float = 0.0
    wrong_decay: float = (
        0.0  # decrease of log ``wrong_px`` per unit of log odds: probable ones are near misses
    )
    same_contrast_probability: float = 0.0  # likewise ``accept_probability``, where pixel values are compared

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Confidence:
        """Return the calibration in config.json."""
        scales = {stage: ErrorScale(**scale) for stage, scale in config["error_scales"].items()}
        return cls(**{**config, "error_scales": scales})

    def probability(self, features: QualityFeatures) -> float:
        """Return the probability that the corner error is below 5 px at 256."""
        return float(1 / (1 + np.exp(-self.log_odds(features))))

    def log_odds(self, features: QualityFeatures) -> float:
        """Return the log odds of ``probability``, limited to what was measured."""
        log_odds = float(features.vector @ np.array(self.weights) + self.bias)
        log_odds += self.tail_gain * max(log_odds - self.tail_from, 0.0)
        return float(np.clip(log_odds, -MAX_LOG_ODDS, MAX_LOG_ODDS))

    def preference(self, features: QualityFeatures, synthesised: bool, unexpected: bool = False) -> float:
        """Return by what estimates of which none is accepted are ranked: log odds.

        Args:
            features: of the estimate.
            synthesised: found with a synthesised image.
            unexpected: one image as a detail of the other, though neither sizes nor spacings suggest it.
        """
        preferred = (SYNTHESIS_PREFERENCE if synthesised else 0.0) + (
            DETAIL_PREFERENCE if unexpected else 0.0
        )
        return self.log_odds(features) + preferred

    def wrong_error_px(self, features: QualityFeatures) -> float:
        """Return the mean corner error to expect if the estimate is wrong, px at 256."""
        error = self.wrong_px * math.exp(-self.wrong_decay * self.log_odds(features))
        return float(np.clip(error, RIGHT_PX, REFERENCE_WIDTH))

    def precision_px(self, features: QualityFeatures) -> float:
        """Return the mean corner error to expect at the right place, px at 256.

        It consists of the calibrated uncertainty and of what a similarity cannot explain. Of two estimates
        with independent errors of equal size, each is off by their distance over the square root of 2.
        """
        scale = self.error_scales[features.final_stage]
        random = scale.mean_over_median * scale.uncertainty_scale * features.final_uncertainty_px
        if features.is_undetermined:  # what is measured beside an estimate needs no calibration
            random = max(random, features.final_uncertainty_px)
        random = max(random, features.network_distance_px / math.sqrt(2))
        return math.hypot(random, features.affine.corner_px)

    def expected_error_px(self, features: QualityFeatures, places: int = 1) -> float:
        """Return the expected mean corner error, px at 256, the chance of another place included.

        ``places``: how many fit nearly as well, the estimate's included; any of them may be right. They
        are at least two where another candidate scores higher.
        """
        places = max(places, 2 if features.score_margin < 0 else 1)
        right = self.probability(features)
        expected = right * self.precision_px(features) + (1 - right) * self.wrong_error_px(features)
        return expected / places + (1 - 1 / places) * max(self.wrong_px, RIGHT_PX)

    def largest_error_px(self, features: QualityFeatures) -> float:
        """Return the corner error, px at 256, that 99 % of the estimates at the right place do not exceed."""
        return LARGEST_OVER_MEAN * self.precision_px(features)

    def calibrated(self, covariance: Matrix, final_stage: str = WHOLE_VIEW) -> Matrix:
        """Return the covariance of log scale, angle and shift whose 95 % intervals hold.

        (4, 4), or (6, 6) with a stretch, which is as uncertain as scale and angle.
        """
        scale = np.array(self.error_scales[final_stage].interval_scale)
        if len(covariance) > len(scale):
            scale = np.append(scale, [scale[:2].mean()] * (len(covariance) - len(scale)))
        calibrated: Matrix = covariance * scale[:, None] * scale
        return calibrated

    def finds(self, features: QualityFeatures, synthesised: bool = False) -> bool:
        """Return whether the place is probably right, and no other candidate scores nearly as high."""
        least = self.accept_probability
        if synthesised:
            least = max(least, SYNTHESIS_PROBABILITY)
        if features.final_stage == INTENSITY:
            least = max(least, self.same_contrast_probability)
        if not features.thorough:
            least = max(least, QUICK_PROBABILITY)
        return self.probability(features) >= least and features.score_margin >= MIN_SCORE_MARGIN

    def prefers_mirrored(self, features: QualityFeatures, mirrored: QualityFeatures | None) -> bool:
        """Return whether the mirrored image is found, and an estimate is not found or less probable."""
        if mirrored is None or not self.finds(mirrored):
            return False
        probability = self.probability(features)
        if probability >= MIRROR_CHECKED_BELOW:
            return not self.finds(features)
        return self.probability(mirrored) > probability

    def accepts(
        self, features: QualityFeatures, tolerance_px: float | None = None, synthesised: bool = False
    ) -> bool:
        """Return whether the place is probably right and the estimate precise enough, px at 256."""
        return self.finds(features, synthesised) and self.is_precise(features, tolerance_px)

    def is_precise(self, features: QualityFeatures, tolerance_px: float | None = None) -> bool:
        """Return whether the expected and the largest error are within a tolerance, px at 256.

        The largest error may be 5 px where the tolerance is smaller: such estimates are right.
        """
        tolerance_px = DEFAULT_TOLERANCE * REFERENCE_WIDTH if tolerance_px is None else tolerance_px
        if self.expected_error_px(features) > tolerance_px:
            return False
        return self.largest_error_px(features) <= max(tolerance_px, RIGHT_PX)
