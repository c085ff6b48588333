"""From signs to how far an answer may be off, by what the signs meant on pairs held out for this."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xebra.estimate.signs import Signs
from xebra.registration import Verdict

AHEAD = 3.0  # scores are log odds: an answer with less lead over another may be the other


@dataclass(frozen=True)
class Confidence:
    """A calibration; fitted by ``xebra.evaluation.confide``, kept in config.json."""

    weights: list[float]  # of the signs' features, for the log odds that the answer is right
    bias: float
    accept_from: float  # probability of being right
    refuse_below: float
    spread_scale: float  # true spread over the one that the information says
    right_error: float  # mean corner error of right answers over their calibrated spread
    wrong_px: float  # mean corner error of wrong answers, px at 256
    # True spread over the information's, of log scale, angle, shift x and y: 95 % lie within 1.96 of it.
    interval_scale: list[float]
    by_windows: float  # the same again where windows of a large image had the last word

    def probability(self, signs: Signs) -> float:
        """That the corner error is under 5 px at 256."""
        odds = float(signs.features @ np.array(self.weights) + self.bias)
        return float(1 / (1 + np.exp(-np.clip(odds, -30, 30))))

    def expected_px(self, signs: Signs) -> float:
        """Mean corner error to expect, px at 256."""
        right, scale = self.probability(signs), self.right_error * self.spread_scale
        scale *= self.by_windows if signs.by_windows else 1
        return right * scale * signs.spread_px + (1 - right) * self.wrong_px

    def calibrated(self, covariance: np.ndarray, by_windows: bool = False) -> np.ndarray:
        """(4, 4) of log scale, angle and shift, whose 1.96 deviations hold 95 % of right answers."""
        scale = np.array(self.interval_scale) * (self.by_windows if by_windows else 1)
        return covariance * scale[:, None] * scale

    def verdict(self, signs: Signs) -> tuple[Verdict, str]:
        """What to do with an answer, and why."""
        right = self.probability(signs)
        apart = f"{signs.disagreement_px:.1f} px at 256 x 256"
        if right >= self.accept_from:
            return "accept", f"two halves of the image, asked apart, agree to {apart}"
        why = self._weakest(signs, apart)
        if right >= self.refuse_below:
            return "review", f"{why}: look at the overlay before use"
        return "refuse", f"{why}: take images that share more structure, or with more counts"

    def _weakest(self, signs: Signs, apart: str) -> str:
        """The sign that speaks most against the answer."""
        if signs.lead < AHEAD:
            return "another turn, scale or place fits nearly as well"
        if signs.disagreement_px > 3:
            return f"two halves of the image, asked apart, differ by {apart}"
        return "the images look little alike where they should be the same"
