"""Normalised mutual information of a pair, and its maximisation: an estimate independent of the network.

Normalised after Studholme, Hill and Hawkes, Pattern Recognition 32, 71 (1999). The joint histogram shares
each px of the moving image out between two adjacent bins, so that the measure is smooth.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

from xebra.arrays import Floats, Integers, Matrix
from xebra.estimate.image_pair import ImagePair
from xebra.estimate.image_pyramid import ImagePyramid
from xebra.estimate.resampling import Sampled
from xebra.estimate.simplex import maximise

BINS = 24
SMOOTH_PX = 1.0  # of the view, standard deviation of the noise filter
MIN_COVERAGE = 0.15  # share of the fixed image that both images must cover
SIMPLEX_CELLS, NEAR_SIMPLEX_CELLS = 1.0, 0.5  # size of the first simplex; of one near the maximum
MAX_EVALUATIONS, NEAR_MAX_EVALUATIONS = 60, 24  # of the simplex: 120 find no more; of one near the maximum
AFFINE_MAX_EVALUATIONS = 90  # of a simplex in six parameters


class MutualInformation:
    """Of a pair, with ``size`` px along the fixed image's longer side, at every ``every``-th of them."""

    def __init__(self, pair: ImagePair, size: int, every: int = 1):
        self.size = size
        fixed_from_view = pair.fixed_from_view(size)
        _, inside = pair.fixed_view(size)
        smooth: Floats = ndimage.gaussian_filter(pair.fixed.values(fixed_from_view, size), SMOOTH_PX)
        levels = _grey_levels(smooth, smooth[inside > 0.99]).round().astype(int)
        self._fixed, self._inside = levels[::every, ::every], inside[::every, ::every] > 0.99
        self._rows = (self._fixed * BINS).astype(np.int32)  # of the joint histogram, as one array
        self._fixed_from_samples = fixed_from_view @ np.diag([every, every, 1.0])
        self._moving = SmoothedLevels(pair.moving, every)
        self._pair = pair

    def __call__(self, moving_from_fixed: Matrix) -> float:
        """Return the normalised mutual information, 0 to 1, times the share of the view that both cover."""
        information, coverage = self._measure(moving_from_fixed)
        return information * coverage

    def information(self, moving_from_fixed: Matrix) -> float:
        """Return the normalised mutual information, 0 to 1; 0 where the images share too little."""
        return self._measure(moving_from_fixed)[0]

    def _measure(self, moving_from_fixed: Matrix) -> tuple[float, float]:
        """Return the normalised mutual information and the share of the fixed view that both images cover."""
        levels = self._moving.view(moving_from_fixed @ self._fixed_from_samples, self._fixed.shape)
        both = (levels > -0.5) & self._inside
        count = np.count_nonzero(both)
        coverage = count / both.size
        if coverage < MIN_COVERAGE:
            return 0.0, coverage
        if count == both.size:
            return _of_places(self._rows.ravel(), levels.ravel()), coverage
        return _of_places(self._rows[both], levels[both]), coverage

    def maximise(self, moving_from_fixed: Matrix, near: bool = False) -> Matrix:
        """Return the 3 x 3 transform that maximises the measure from a start, by the Nelder-Mead simplex.

        ``near``: the start is nearly right, a smaller simplex and fewer evaluations suffice. The coverage is
        not part of the objective: it would favour transforms of larger overlap.
        """
        side = NEAR_SIMPLEX_CELLS if near else SIMPLEX_CELLS
        evaluations = _max_evaluations(len(self._pair.free), near)
        return maximise(self.information, self._pair, self.size, moving_from_fixed, side, evaluations)


def _max_evaluations(free: int, near: bool) -> int:
    """Return how many evaluations a simplex of ``free`` parameters may take."""
    if free > 4:
        return AFFINE_MAX_EVALUATIONS
    return NEAR_MAX_EVALUATIONS if near else MAX_EVALUATIONS


class SmoothedLevels:
    """The moving image's grey levels, 0 to BINS - 1, smoothed for the scale of a view."""

    def __init__(self, image: ImagePyramid, every: int):
        self._image, self._every = image, every
        self._levels: dict[int, tuple[Sampled, Matrix]] = {}
        self._masks: dict[int, Sampled] = {}

    def view(self, image_from_view: Matrix, shape: tuple[int, int]) -> Floats:
        """Return the grey levels (rows, columns) float32 of a view; -1 outside the image.

        A view samples only every ``every``-th px, for which the smoothing accounts.
        """
        step = max(1.0, math.sqrt(abs(np.linalg.det(image_from_view[:2, :2]))) / self._every)
        octave = round(math.log2(step))
        levels, levels_from_image = self._smoothed(octave)
        seen = levels.view(levels_from_image @ image_from_view, shape) - np.float32(1)
        mask = self._usable(octave)
        if mask is None:
            return seen
        usable = mask.view(levels_from_image @ image_from_view, shape) > 0.99
        return np.where(usable, seen, np.float32(-1))

    def _usable(self, octave: int) -> Sampled | None:
        """Return the share of usable px for views of 2**octave px; None: all px are usable; cached."""
        if octave not in self._masks:
            mask = self._image.mask_level(2**octave)
            if mask is None:
                return None
            self._masks[octave] = Sampled(mask)
        return self._masks[octave]

    def _smoothed(self, octave: int) -> tuple[Sampled, Matrix]:
        """Return grey levels + 1 smoothed for views of 2**octave px, and the 3 x 3 from image px; cached."""
        if octave not in self._levels:
            pixels, image_from_level = self._image.level(2**octave)
            smooth: Floats = ndimage.gaussian_filter(pixels, SMOOTH_PX * 2**octave / image_from_level[0, 0])
            levels = _grey_levels(smooth, smooth) + np.float32(1)  # 0 is outside the image
            self._levels[octave] = Sampled(levels), np.linalg.inv(image_from_level)
        return self._levels[octave]


def normalised_mutual_information(fixed: Integers, moving: Floats) -> float:
    """Return (H(f) + H(m)) / H(f, m) - 1 of integer fixed levels (K,) and fractional moving levels (K,)."""
    return _of_places(fixed * BINS, moving)


def _of_places(rows: Integers, moving: Floats) -> float:
    """Return the normalised mutual information of levels; ``rows`` (K,): fixed levels times BINS."""
    below = moving.astype(np.int32)
    places = rows + below
    shares = np.bincount(places, moving - below, BINS**2)  # of the px, that belong to the next bin
    counts = np.bincount(places, minlength=BINS**2) - shares
    counts[1:] += shares[:-1]  # those of the last bin are 0: no level lies above it
    joint = (counts / counts.sum()).reshape(BINS, BINS)
    joint_entropy = _entropy(joint)
    if joint_entropy <= 0:
        return 0.0
    return (_entropy(joint.sum(0)) + _entropy(joint.sum(1))) / joint_entropy - 1


def _entropy(shares: Floats) -> float:
    """Return the entropy in nats of a distribution."""
    positive = shares[shares > 0]
    return float(-(positive * np.log(positive)).sum())


def _grey_levels(values: Floats, reference: Floats) -> Floats:
    """Return values as levels 0 to BINS - 1 between the 0.5th and the 99.5th percentile of a reference."""
    low, high = np.percentile(reference, [0.5, 99.5])
    shares = np.clip((values - low) / max(high - low, 1e-9), 0, 1).astype(np.float32)
    levels: Floats = shares * np.float32(BINS - 1)
    return levels
