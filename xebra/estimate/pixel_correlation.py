"""The correlation of the pixel values of both images where they overlap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.estimate.image_pair import Candidate, ImagePair

SIZE = 128  # px of the view: noise from px to px does not count
COVERED = 0.99  # of a px of the view, by both images
LEAST_SHARE = 0.05  # of the view that both images must cover
LEAST_DEVIATION = 1e-6  # of the grey values


def correlation(pair: ImagePair, moving_from_fixed: Matrix, size: int = SIZE) -> float:
    """Return the correlation (Pearson) of both images where they overlap; 0 where they overlap too little.

    Args:
        pair: of one contrast.
        moving_from_fixed: 3 x 3, px.
        size: px of the view of the fixed image.

    Examples:
        >>> from xebra.image import Image
        >>> ramp = np.add.outer(np.arange(64.0), np.arange(64.0)) / 126
        >>> round(correlation(ImagePair(Image(ramp), Image(1 - ramp)), np.eye(3)), 3)
        -1.0
    """
    return correlation_of(*overlap(pair, moving_from_fixed, size))


def by_pixel_values(pair: ImagePair, candidates: Sequence[Candidate]) -> list[Candidate]:
    """Return candidates by the falling absolute correlation of both images at them.

    Args:
        pair: of one contrast, or of inverted ones.
        candidates: in any order.
    """
    return sorted(candidates, key=lambda each: -abs(correlation(pair, each.moving_from_fixed)))


def overlap(pair: ImagePair, moving_from_fixed: Matrix, size: int) -> tuple[Floats, Floats]:
    """Return the values (K,) of both images where they overlap; none where they overlap too little."""
    fixed, covered = pair.fixed_view(size)
    moving, inside = pair.moving.view(moving_from_fixed @ pair.fixed_from_view(size), size)
    both = (covered > COVERED) & (inside > COVERED)
    if both.mean() < LEAST_SHARE:
        both = np.zeros_like(both)
    return fixed[both], moving[both]


def correlation_of(one: Floats, other: Floats) -> float:
    """Return the correlation of values (K,); 0 where there are none or one image is constant."""
    if not one.size:
        return 0.0
    deviations = one - one.mean(), other - other.mean()
    lengths = [float(np.sqrt((each**2).mean())) for each in deviations]
    if min(lengths) < LEAST_DEVIATION:
        return 0.0
    return float((deviations[0] * deviations[1]).mean()) / (lengths[0] * lengths[1])
