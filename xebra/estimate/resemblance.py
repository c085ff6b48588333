"""How alike a synthesised image and the other image of its pair are at an estimate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.estimate.image_pair import Candidate, ImagePair
from xebra.estimate.synthesis_level import SynthesisedPair

SIZE = 128  # px of the view: noise from px to px does not count
COVERED = 0.99  # of a px of the view, by both images
LEAST_SHARE = 0.05  # of the view that both images must cover
LEAST_DEVIATION = 1e-6  # of the grey values


def least_resemblance(
    pairs: Sequence[SynthesisedPair], views: Sequence[ImagePair], candidate: Candidate
) -> float:
    """Return the smaller ``resemblance`` of both pairs with a synthesised image, at a place of the images.

    Args:
        pairs: with one image synthesised.
        views: the same pairs.
        candidate: between the images that the pairs were made of.
    """
    places = (pair.of_views(candidate).moving_from_fixed for pair in pairs)
    return min(resemblance(view, place) for view, place in zip(views, places, strict=True))


def resemblance(pair: ImagePair, moving_from_fixed: Matrix) -> float:
    """Return the correlation (Pearson) of both images where they overlap; 0 where they overlap too little.

    Args:
        pair: of one contrast.
        moving_from_fixed: 3 x 3, px.

    Examples:
        >>> from xebra.image import Image
        >>> ramp = np.add.outer(np.arange(64.0), np.arange(64.0)) / 126
        >>> round(resemblance(ImagePair(Image(ramp), Image(1 - ramp)), np.eye(3)), 3)
        -1.0
    """
    fixed_from_view = pair.fixed_from_view(SIZE)
    fixed, covered = pair.fixed_view(SIZE)
    moving, inside = pair.moving.view(moving_from_fixed @ fixed_from_view, SIZE)
    both = (covered > COVERED) & (inside > COVERED)
    if both.mean() < LEAST_SHARE:
        return 0.0
    return _correlation(fixed[both], moving[both])


def _correlation(one: Floats, other: Floats) -> float:
    """Return the correlation of values; 0 where one of them is constant."""
    deviations = one - one.mean(), other - other.mean()
    lengths = [float(np.sqrt((each**2).mean())) for each in deviations]
    if min(lengths) < LEAST_DEVIATION:
        return 0.0
    return float((deviations[0] * deviations[1]).mean()) / (lengths[0] * lengths[1])
