"""How alike a synthesised image and the other image of its pair are at an estimate, and where most so."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from xebra.arrays import Floats, Matrix
from xebra.estimate.image_pair import (
    MAX_AVERAGED_PX,
    Candidate,
    ImagePair,
    corner_distance_px,
    full_view_matrix,
)
from xebra.estimate.image_pyramid import ImagePyramid
from xebra.estimate.simplex import maximise
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
MOST = 0.999  # correlation: limits its information
NETWORK_INFORMATION = 0.5  # of the network's estimate, as that of two correlations of 0.45
FOLLOWED_WEIGHT = 0.8  # of two correlations of 0.7


@dataclass(frozen=True)
class Resemblance:
    """Of both pairs with a synthesised image, their ``views``, and the ``images`` that they were made of."""

    images: ImagePair
    pairs: tuple[SynthesisedPair, ...]
    views: tuple[ImagePair, ...]

    def least(self, candidate: Candidate) -> float:
        """Return the smaller correlation of the two at a candidate of the images."""
        return min(self._each(candidate.moving_from_fixed))

    def explained(self, candidate: Candidate) -> float:
        """Return the sum of ``explained`` of both pairs at a candidate of the images."""
        return sum(explained(view, place) for view, place in self._places(candidate.moving_from_fixed))

    def maximised(self, candidate: Candidate, size: int = SIZE, evaluations: int = EVALUATIONS) -> Candidate:
        """Return the place near a candidate of the images where the correlations have the largest sum.

        Args:
            candidate: start of the simplex.
            size: px of the views that are compared.
            evaluations: at most.
        """

        def measure(moving_from_fixed: Matrix) -> float:
            return sum(self._each(moving_from_fixed, size))

        start = candidate.moving_from_fixed
        found = maximise(measure, self.images, size, start, SIMPLEX_CELLS, evaluations)
        return replace(candidate, moving_from_fixed=found)

    def refined(self, candidate: Candidate) -> tuple[Candidate, bool]:
        """Return a candidate of the images by its resemblance too, and whether that confirms it.

        The estimate of the network and the place near it where the correlations have the largest sum are
        independent. Where they are close, their mean is returned, weighted by information: for a correlation
        r that of the place is in proportion to r^2 / (1 - r^2), the ratio of signal to noise, which adds over
        both pairs. Else the place is not confirmed; it is returned where its weight is high.
        """
        place = self.maximised(candidate)
        known = sum(r**2 / (1 - r**2) for r in np.clip(self._each(place.moving_from_fixed), 0, MOST))
        weight = float(known / (known + NETWORK_INFORMATION))
        confirms = corner_distance_px(self.images, candidate, place) <= MAX_AVERAGED_PX
        if not confirms:
            weight = float(weight > FOLLOWED_WEIGHT)
        mean = (1 - weight) * candidate.moving_from_fixed + weight * place.moving_from_fixed
        return replace(candidate, moving_from_fixed=self.images.held(mean)), confirms

    def band_passed(self) -> Resemblance:
        """Return the resemblance of the same pairs, band-pass filtered.

        Raises ImageUnusable where an image is of one grey value then.
        """
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

    def _each(self, moving_from_fixed: Matrix, size: int = SIZE) -> list[float]:
        """Return the correlation of each pair at a transform (3 x 3) of the images."""
        return [correlation(view, place, size) for view, place in self._places(moving_from_fixed)]

    def _places(self, moving_from_fixed: Matrix) -> Iterator[tuple[ImagePair, Matrix]]:
        """Yield each pair with its transform (3 x 3) at one of the images."""
        candidate = Candidate(moving_from_fixed, 0.0)
        for view, pair in zip(self.views, self.pairs, strict=True):
            yield view, pair.of_views(candidate).moving_from_fixed


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
    return _correlation(*_overlap(pair, moving_from_fixed, size))


def explained(pair: ImagePair, moving_from_fixed: Matrix, size: int = SIZE) -> float:
    """Return the square root of the share of the moving image's variance that the fixed image explains.

    That is the correlation times the square root of the share of the variance that lies within the overlap;
    0 where the images do not correlate. Variance outside of the overlap counts as unexplained, because a
    small overlap, or one that shows little, correlates by chance.

    Args:
        pair: of one contrast.
        moving_from_fixed: 3 x 3, px.
        size: px of the view of the fixed image.

    Examples:
        >>> from xebra.image import Image
        >>> ramp = Image(np.add.outer(np.arange(64.0), np.arange(64.0)) / 126)
        >>> shifted = np.array([[1, 0, 32.0], [0, 1, 0], [0, 0, 1]])  # half of the images overlap
        >>> [round(explained(ImagePair(ramp, ramp), place), 2) for place in (np.eye(3), shifted)]
        [1.0, 0.71]
    """
    fixed, moving = _overlap(pair, moving_from_fixed, size)
    found = _correlation(fixed, moving)
    if found <= 0:
        return 0.0
    from_whole = full_view_matrix(pair.moving.shape, size)
    values, covered = pair.moving.view(from_whole, size)
    whole = values[covered > COVERED]
    area = np.linalg.det(moving_from_fixed @ pair.fixed_from_view(size)) / np.linalg.det(from_whole)
    share = abs(area) * ((moving - whole.mean()) ** 2).sum() / ((whole - whole.mean()) ** 2).sum()
    return found * math.sqrt(min(1.0, float(share)))


def _overlap(pair: ImagePair, moving_from_fixed: Matrix, size: int) -> tuple[Floats, Floats]:
    """Return the values (K,) of both images where they overlap; none where they overlap too little."""
    fixed, covered = pair.fixed_view(size)
    moving, inside = pair.moving.view(moving_from_fixed @ pair.fixed_from_view(size), size)
    both = (covered > COVERED) & (inside > COVERED)
    if both.mean() < LEAST_SHARE:
        both = np.zeros_like(both)
    return fixed[both], moving[both]


def _correlation(one: Floats, other: Floats) -> float:
    """Return the correlation of values (K,); 0 where there are none or one image is constant."""
    if not one.size:
        return 0.0
    deviations = one - one.mean(), other - other.mean()
    lengths = [float(np.sqrt((each**2).mean())) for each in deviations]
    if min(lengths) < LEAST_DEVIATION:
        return 0.0
    return float((deviations[0] * deviations[1]).mean()) / (lengths[0] * lengths[1])
