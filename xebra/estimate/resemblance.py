"""How alike a synthesised image and the other image of its pair are at an estimate, and where most so."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.estimate.image_pair import Candidate, ImagePair, corner_distance_px
from xebra.estimate.simplex import maximise
from xebra.estimate.synthesis_attempts import MAX_AVERAGED_PX, averaged
from xebra.estimate.synthesis_level import SynthesisedPair

SIZE = 128  # px of the view: noise from px to px does not count
COVERED = 0.99  # of a px of the view, by both images
LEAST_SHARE = 0.05  # of the view that both images must cover
LEAST_DEVIATION = 1e-6  # of the grey values
SMOOTH_PX = 1.5  # at 256: standard deviation of the Gaussian before images are refined by their resemblance
SIMPLEX_CELLS, EVALUATIONS = 1.0, 120


@dataclass(frozen=True)
class Resemblance:
    """Of both pairs with a synthesised image, their ``views``, and the ``images`` that they were made of."""

    images: ImagePair
    pairs: tuple[SynthesisedPair, ...]
    views: tuple[ImagePair, ...]

    def least(self, candidate: Candidate) -> float:
        """Return the smaller correlation of the two at a candidate of the images."""
        return min(self._each(candidate))

    def refined(self, candidate: Candidate) -> tuple[Candidate, bool]:
        """Return a candidate of the images by its resemblance too, and whether that confirms it.

        The estimate of the network and the place of the largest sum of both correlations near it have
        independent errors: their mean is returned where they are close, else the latter.
        """
        smooth = replace(self, views=tuple(view.smoothed(SMOOTH_PX) for view in self.views))

        def measure(moving_from_fixed: Matrix) -> float:
            return sum(smooth._each(replace(candidate, moving_from_fixed=moving_from_fixed)))

        found = maximise(measure, self.images, SIZE, candidate.moving_from_fixed, SIMPLEX_CELLS, EVALUATIONS)
        place = replace(candidate, moving_from_fixed=found)
        confirms = corner_distance_px(self.images, candidate, place) <= MAX_AVERAGED_PX
        return averaged(self.images, [place, candidate]), confirms

    def _each(self, candidate: Candidate) -> list[float]:
        """Return the correlation of each pair at a candidate of the images."""
        places = (pair.of_views(candidate).moving_from_fixed for pair in self.pairs)
        return [resemblance(view, place) for view, place in zip(self.views, places, strict=True)]


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
