"""Calibrated probability, expected error and verdict of an estimate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xebra.estimate.quality_features import INTENSITY, WHOLE_VIEW, QualityFeatures
from xebra.registration import Verdict

MAX_DISAGREEMENT_PX = 3.0  # at 256: a larger disagreement is stated as the reason of a verdict
MIN_SCORE_MARGIN = 1.5  # log odds: an estimate with a smaller margin is not accepted


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
    """Calibration of the error estimate, from config.json; see ``xebra.evaluation.fit_calibration``."""

    weights: list[float]  # (6,) of the logistic regression on ``QualityFeatures.vector``
    bias: float
    accept_probability: float  # estimates of this and a higher probability are accepted
    review_probability: float  # estimates of a lower probability are refused
    wrong_px: float  # mean corner error of wrong estimates, px at 256
    error_scales: dict[str, ErrorScale]  # by final stage

    @classmethod
    def from_config(cls, config: dict) -> Confidence:
        """Return the calibration in config.json."""
        scales = {stage: ErrorScale(**scale) for stage, scale in config["error_scales"].items()}
        return cls(**{**config, "error_scales": scales})

    def probability(self, features: QualityFeatures) -> float:
        """Return the probability that the corner error is below 5 px at 256."""
        log_odds = float(features.vector @ np.array(self.weights) + self.bias)
        return float(1 / (1 + np.exp(-np.clip(log_odds, -30, 30))))

    def expected_error_px(self, features: QualityFeatures) -> float:
        """Return the expected mean corner error, px at 256."""
        right, scale = self.probability(features), self.error_scales[features.final_stage]
        predicted = (
            right * scale.mean_over_median * scale.uncertainty_scale * features.reported_uncertainty_px
        )
        return predicted + (1 - right) * self.wrong_px

    def calibrated(self, covariance: np.ndarray, final_stage: str = WHOLE_VIEW) -> np.ndarray:
        """Return the covariance (4, 4) of log scale, angle and shift whose 95 % intervals hold."""
        scale = np.array(self.error_scales[final_stage].interval_scale)
        return covariance * scale[:, None] * scale

    def accepts(self, features: QualityFeatures) -> bool:
        """Return True where an estimate is probably right and no other candidate scores nearly as high."""
        likely = self.probability(features) >= self.accept_probability
        return likely and features.score_margin >= MIN_SCORE_MARGIN

    def verdict(self, features: QualityFeatures) -> tuple[Verdict, str]:
        """Return the verdict and its reason."""
        if self.accepts(features):
            distance = _px(features.independent_disagreement_px)
            return "accept", f"network and {_independent_method(features)} agree to {distance}"
        weakness = self._weakest_feature(features)
        if self.probability(features) >= self.review_probability:
            return "review", f"{weakness}: look at the overlay before use"
        return "refuse", f"{weakness}: take images that share more structure, or with more counts"

    def _weakest_feature(self, features: QualityFeatures) -> str:
        """Return the reason for which an estimate is not accepted."""
        if features.score_margin < MIN_SCORE_MARGIN:
            return "another rotation, scale or position fits nearly as well"
        if features.independent_disagreement_px > MAX_DISAGREEMENT_PX:
            distance = _px(features.independent_disagreement_px)
            return f"network and {_independent_method(features)} differ by {distance}"
        if features.half_disagreement_px > MAX_DISAGREEMENT_PX:
            return f"estimates from two halves of the image differ by {_px(features.half_disagreement_px)}"
        return "the images correlate weakly at the estimated position"


def _independent_method(features: QualityFeatures) -> str:
    """Return the name of the method that the network's estimate is compared with."""
    return "pixel intensities" if features.final_stage == INTENSITY else "mutual information"


def _px(length: float) -> str:
    """Return a length with its unit."""
    return f"{length:.1f} px at 256 x 256"
