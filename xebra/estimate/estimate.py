"""The result type that all estimators share."""

from __future__ import annotations

from dataclasses import dataclass

from xebra.arrays import Matrix
from xebra.registration import Place, SearchMap, Verdict
from xebra.transform import Transform

REFERENCE_WIDTH = 256  # px: error limits are stated for a fixed image whose longer side is this


@dataclass(frozen=True)
class Estimate:
    """The estimated transform with its uncertainty and verdict."""

    transform: Transform  # fixed_from_moving about the centre of the moving image, px
    expected_corner_error_px: (
        float  # mean over the corners of the smaller field of view, px of the fixed image
    )
    verdict: Verdict
    reason: str
    # (4, 4) of log scale, angle (rad), shift x, shift y (fixed px), or (6, 6) with the stretch (a, b)
    covariance: Matrix | None = None
    search: SearchMap | None = None
    places: tuple[Place, ...] = ()  # of a detail in an overview, the reported one first
