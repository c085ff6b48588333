"""How alike a synthesised image and the other image of its pair are at an estimate, and where most so."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from xebra.arrays import Matrix
from xebra.estimate.image_pair import (
    MAX_AVERAGED_PX,
    Candidate,
    ImagePair,
    corner_distance_px,
    full_view_matrix,
)
from xebra.estimate.image_pyramid import ImagePyramid
from xebra.estimate.pixel_correlation import COVERED, SIZE, correlation, correlation_of, overlap
from xebra.estimate.simplex import maximise
from xebra.estimate.synthesis_level import SynthesisedPair
from xebra.image import Image

LEAST_COVER = 1e-3  # of a filter, by the usable area
# Standard deviations of the Gaussians whose difference is correlated, px at 256: counting noise is left out,
# and so are slow changes, where a synthesised image is wrong over many px at once.
FINE_PX, BROAD_PX = 2.0, 8.0
BAND_SIZE = 256  # px of the views that are filtered
SIMPLEX_CELLS, EVALUATIONS = 1.0, 120
MOST = 0.999  # correlation: limits its information
FOLLOWED_INFORMATION = 2.0  # of two correlations of 0.7


@dataclass(frozen=True)
class Placed:
    """The place near a candidate where both pairs with a synthesised image correlate most."""

    candidate: Candidate
    least: float  # correlation of the two pairs there, band-pass filtered
    information: float  # r^2 / (1 - r^2), the ratio of signal to noise, which adds over both pairs
    confirms: bool  # the candidate is near

    @property
    def is_followed(self) -> bool:
        """Return whether the place counts although the candidate is not near."""
        return self.information > FOLLOWED_INFORMATION


@dataclass(frozen=True)
class Resemblance:
    """Of both pairs with a synthesised image, their ``views``, and the ``images`` that they were made of."""

    images: ImagePair
    pairs: tuple[SynthesisedPair, ...]
    views: tuple[ImagePair, ...]

    def least(self, candidate: Candidate) -> float:
        """Return the smaller correlation of the two at a candidate of the images."""
        return min(self._each(candidate.moving_from_fixed))

    def total(self, candidate: Candidate) -> float:
        """Return the sum of both correlations at a candidate of the images."""
        return sum(self._each(candidate.moving_from_fixed))

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

    def placed(self, candidate: Candidate) -> Placed:
        """Return the place near a candidate where the correlations have the largest sum."""
        place = self.maximised(candidate)
        each = np.clip(self._each(place.moving_from_fixed), 0, MOST)
        near = corner_distance_px(self.images, candidate, place) <= MAX_AVERAGED_PX
        return Placed(place, float(each.min()), float((each**2 / (1 - each**2)).sum()), near)

    def refined(
        self,
        candidate: Candidate,
        placed: Placed,
        information: float,
        known: Candidate | None = None,
        known_information: float = 0.0,
    ) -> Candidate:
        """Return a candidate of the images by its resemblance too.

        The estimate of the network, the place near it where the correlations have the largest sum and the
        estimate without synthesis are nearly independent. Where they are close, their mean is returned,
        weighted by information. A place that is not close to the candidate does not confirm it, and takes its
        place where it has much information.

        Args:
            candidate: of the images, found with synthesised ones.
            placed: near that candidate.
            information: of the candidate, on the scale of that of a correlation r, r^2 / (1 - r^2).
            known: the estimate without synthesis.
            known_information: of that estimate.
        """
        network, by_values = (candidate, information), (placed.candidate, placed.information)
        found = [network, by_values] if placed.confirms else [by_values if placed.is_followed else network]
        mean = self._mean(found)
        if known is not None and corner_distance_px(self.images, mean, known) <= MAX_AVERAGED_PX:
            mean = self._mean([*found, (known, known_information)])
        return replace(candidate, moving_from_fixed=self.images.held(mean.moving_from_fixed))

    @staticmethod
    def _mean(found: Sequence[tuple[Candidate, float]]) -> Candidate:
        """Return the first of some candidates at the mean place of all, by their information."""
        matrices, information = zip(*((each.moving_from_fixed, known) for each, known in found), strict=True)
        return replace(found[0][0], moving_from_fixed=np.average(matrices, 0, information))

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
    fixed, moving = overlap(pair, moving_from_fixed, size)
    found = correlation_of(fixed, moving)
    if found <= 0:
        return 0.0
    from_whole = full_view_matrix(pair.moving.shape, size)
    values, covered = pair.moving.view(from_whole, size)
    whole = values[covered > COVERED]
    area = np.linalg.det(moving_from_fixed @ pair.fixed_from_view(size)) / np.linalg.det(from_whole)
    share = abs(area) * ((moving - whole.mean()) ** 2).sum() / ((whole - whole.mean()) ** 2).sum()
    return found * math.sqrt(min(1.0, float(share)))
