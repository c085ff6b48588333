"""What every estimator gives, whatever network it asks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xebra.registration import SearchMap, Verdict
from xebra.transform import SimilarityTransform


@dataclass(frozen=True)
class Estimate:
    """fixed_from_moving about the centre of the moving image, and what to think of it."""

    transform: SimilarityTransform
    expected_corner_error_px: float  # in px of the fixed image
    verdict: Verdict
    reason: str
    covariance: np.ndarray | None = None  # (4, 4) of log scale, angle (rad), shift x, shift y (fixed px)
    search: SearchMap | None = None
