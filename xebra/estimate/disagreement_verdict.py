"""Expected error and verdict of the regression network, from the disagreement of its two estimates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xebra.estimate.estimate import REFERENCE_WIDTH
from xebra.lengths import pixels_and_length
from xebra.registration import Verdict

ACCEPT_PX, REFUSE_PX = 5.0, 15.0  # at 256


@dataclass(frozen=True)
class DisagreementCalibration:
    """Mean error as a function of the disagreement, measured on held-out pairs, px at 256."""

    disagreement_px: list[float]
    expected_corner_error_px: list[float]  # non-decreasing

    def expected_error_px(self, disagreement_px: float) -> float:
        """Return the expected corner error; beyond the table, at least the disagreement itself."""
        known = float(np.interp(disagreement_px, self.disagreement_px, self.expected_corner_error_px))
        return max(known, disagreement_px) if disagreement_px > self.disagreement_px[-1] else known


def decide_verdict(
    expected_px: float,
    disagreement_px: float,
    width_px: float = REFERENCE_WIDTH,
    um_per_px: float | None = None,
) -> tuple[Verdict, str]:
    """Return verdict and reason for an expected corner error and a disagreement, both in px at 256.

    ``width_px`` and ``um_per_px`` of the fixed image: the reason states the disagreement in its px, and in
    um where the pixel spacing is known.

    Both must be small: the calibration is measured on simulated pairs, and real pairs may have larger errors.
    """
    distance = pixels_and_length(disagreement_px * width_px / REFERENCE_WIDTH, um_per_px)
    worst = max(expected_px, disagreement_px)
    if worst < ACCEPT_PX:
        return "accept", f"two independent estimates agree to {distance}"
    if worst < REFUSE_PX:
        return "review", f"two independent estimates differ by {distance}: look at the overlay before use"
    return "refuse", (
        f"two independent estimates differ by {distance}: the images share too little structure, "
        "or the transform is outside the range that this network was trained for"
    )
