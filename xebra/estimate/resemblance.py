"""How alike a synthesised image and the other image of its pair are at an estimate, and where most so."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from xebra.arrays import Floats, Matrix
from xebra.errors import ImageUnusable
from xebra.estimate.image_pair import Candidate, ImagePair, corner_distance_px, full_view_matrix
from xebra.estimate.image_pyramid import ImagePyramid
from xebra.estimate.simplex import maximise
from xebra.estimate.synthesis_attempts import MAX_AVERAGED_PX, averaged
from xebra.estimate.synthesis_level import SynthesisedPair
from xebra.image import Image

SIZE = 128  # px of the view: noise from px to px does not count
COVERED = 0.99  # of a px of the view, by both images
LEAST_SHARE = 0.05  # of the view that both images must cover
LEAST_COVER = 1e-3  # of a filter, by the usable area
LEAST_DEVIATION = 1e-6  # of the grey values
# Standard deviations of the Gaussians whose difference is correlated, px at 256: counting noise is left out,
# and so are slow changes, where a synthesised image is wrong over many px at once.
FINE_PX, BROAD_PX = 2.0, 8.0
BAND_SIZE = 256  # px of the views that are filtered
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

        The estimate of the network and the place near it where the correlations of both pairs, band-pass
        filtered, have the largest sum are independent: their mean is returned where they are close, else the
        former, which is not confirmed then.
        """
        try:
            detail = self._detail()
        except ImageUnusable:  # of one grey value
            return candidate, True

        def measure(moving_from_fixed: Matrix) -> float:
            return sum(detail._each(replace(candidate, moving_from_fixed=moving_from_fixed)))

        found = maximise(measure, self.images, SIZE, candidate.moving_from_fixed, SIMPLEX_CELLS, EVALUATIONS)
        place = replace(candidate, moving_from_fixed=found)
        confirms = corner_distance_px(self.images, candidate, place) <= MAX_AVERAGED_PX
        mean = averaged(self.images, [candidate, place])
        return replace(mean, moving_from_fixed=self.images.held(mean.moving_from_fixed)), confirms

    def _detail(self) -> Resemblance:
        """Return the resemblance of the same pairs, band-pass filtered."""
        pairs = tuple(
            SynthesisedPair(
                _band_passed(view.fixed),
                _band_passed(view.moving),
                pair.fixed_from_view @ full_view_matrix(view.fixed.shape, BAND_SIZE),
                pair.moving_from_view @ full_view_matrix(view.moving.shape, BAND_SIZE),
            )
            for pair, view in zip(self.pairs, self.views, strict=True)
        )
        return replace(self, pairs=pairs, views=tuple(ImagePair(pair.fixed, pair.moving) for pair in pairs))

    def _each(self, candidate: Candidate) -> list[float]:
        """Return the correlation of each pair at a candidate of the images."""
        places = (pair.of_views(candidate).moving_from_fixed for pair in self.pairs)
        return [resemblance(view, place) for view, place in zip(self.views, places, strict=True)]


def _band_passed(image: ImagePyramid) -> Image:
    """Return the difference of two Gaussians of a view of a whole image, inside of its usable area."""
    values, covered = image.view(full_view_matrix(image.shape, BAND_SIZE), BAND_SIZE)
    fine, broad = (
        ndimage.gaussian_filter(values, sigma)
        / np.maximum(ndimage.gaussian_filter(covered, sigma), LEAST_COVER)
        for sigma in (FINE_PX, BROAD_PX)
    )
    used = covered > COVERED
    band = np.where(used, fine - broad, 0)
    return Image(band).with_mask(used)


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
