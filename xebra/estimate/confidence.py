"""From signs to how far an answer may be off, by what the signs meant on pairs held out for this."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xebra.estimate.signs import PIXELS, VIEW, Signs
from xebra.registration import Verdict

APART_PX = 3.0  # at 256: answers of two that should agree
AHEAD = 1.5  # scores are log odds: an answer with less lead over another may be the other


@dataclass(frozen=True)
class Bar:
    """How far right answers are off, by the spread that the last word on them leaves."""

    spread_scale: float  # true spread over the one that the information says
    right_error: float  # mean corner error over the calibrated spread
    # True spread over the information's, of log scale, angle, shift x and y: 95 % lie within 1.96 of it.
    interval_scale: list[float]


@dataclass(frozen=True)
class Confidence:
    """A calibration; fitted by ``xebra.evaluation.confide``, kept in config.json."""

    weights: list[float]  # of the signs' features, for the log odds that the answer is right
    bias: float
    accept_from: float  # probability of being right
    refuse_below: float
    wrong_px: float  # mean corner error of wrong answers, px at 256
    bars: dict[str, Bar]  # by who had the last word

    @classmethod
    def of(cls, config: dict) -> Confidence:
        """From what config.json holds."""
        return cls(**{**config, "bars": {word: Bar(**bar) for word, bar in config["bars"].items()}})

    def probability(self, signs: Signs) -> float:
        """That the corner error is under 5 px at 256."""
        odds = float(signs.features @ np.array(self.weights) + self.bias)
        return float(1 / (1 + np.exp(-np.clip(odds, -30, 30))))

    def expected_px(self, signs: Signs) -> float:
        """Mean corner error to expect, px at 256."""
        right, bar = self.probability(signs), self.bars[signs.last_word]
        return right * bar.right_error * bar.spread_scale * signs.open_px + (1 - right) * self.wrong_px

    def calibrated(self, covariance: np.ndarray, last_word: str = VIEW) -> np.ndarray:
        """(4, 4) of log scale, angle and shift, whose 1.96 deviations hold 95 % of right answers."""
        scale = np.array(self.bars[last_word].interval_scale)
        return covariance * scale[:, None] * scale

    def accepts(self, signs: Signs) -> bool:
        """Whether an answer can be used unseen: likely right, and no other one in sight."""
        return self.probability(signs) >= self.accept_from and signs.lead >= AHEAD

    def verdict(self, signs: Signs) -> tuple[Verdict, str]:
        """What to do with an answer, and why."""
        if self.accepts(signs):
            return "accept", f"network and {_witness(signs)} agree to {_px(signs.witness_px)}"
        why = self._weakest(signs)
        if self.probability(signs) >= self.refuse_below:
            return "review", f"{why}: look at the overlay before use"
        return "refuse", f"{why}: take images that share more structure, or with more counts"

    def _weakest(self, signs: Signs) -> str:
        """The sign that speaks most against the answer."""
        if signs.lead < AHEAD:
            return "another turn, scale or place fits nearly as well"
        if signs.witness_px > APART_PX:
            return f"network and {_witness(signs)} differ by {_px(signs.witness_px)}"
        if signs.disagreement_px > APART_PX:
            return f"two halves of the image, asked apart, differ by {_px(signs.disagreement_px)}"
        return "the images look little alike where they should be the same"


def _witness(signs: Signs) -> str:
    return "pixels" if signs.last_word == PIXELS else "mutual information"


def _px(length: float) -> str:
    return f"{length:.1f} px at 256 x 256"
