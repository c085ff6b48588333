"""How far a result may be off, and whether to use it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xebra.registration import Verdict

WIDTH = 256  # px: error limits are stated for an image of this side
ACCEPT_PX, REFUSE_PX = 5.0, 15.0


@dataclass(frozen=True)
class Calibration:
    """What the disagreement of two estimates meant on pairs held out for this, in px at 256."""

    disagreement_px: list[float]
    expected_corner_error_px: list[float]  # mean error of pairs with such a disagreement, never falling

    def expected(self, disagreement_px: float) -> float:
        """Corner error to expect; beyond the table, as much as the estimates disagree."""
        known = float(np.interp(disagreement_px, self.disagreement_px, self.expected_corner_error_px))
        return max(known, disagreement_px) if disagreement_px > self.disagreement_px[-1] else known


def judge(expected_px: float, disagreement_px: float) -> tuple[Verdict, str]:
    """Verdict and reason for an expected corner error and a disagreement, both in px at 256.

    Both must be small: the calibration knows simulated pairs, and a real one may be worse than it says.
    """
    where = f"{disagreement_px:.1f} px at {WIDTH} x {WIDTH}"
    worst = max(expected_px, disagreement_px)
    if worst < ACCEPT_PX:
        return "accept", f"two independent estimates agree to {where}"
    if worst < REFUSE_PX:
        return "review", f"two independent estimates differ by {where}: look at the overlay before use"
    return "refuse", (
        f"two independent estimates differ by {where}: the images share too little structure, "
        "or lie further apart than this network was trained for"
    )
