"""Mutual information: what two images say about each other, without a network. A second opinion, of its own.

Normalised after Studholme, Hill and Hawkes, Pattern Recognition 32, 71 (1999); the joint histogram shares
each px of the moving image out between the two bins beside its value, so that the measure is smooth.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage, optimize

from xebra.estimate.displacement import matrix, units
from xebra.estimate.pyramid import Pair
from xebra.estimate.views import Viewed, sampled

BINS = 24
SMOOTH_PX = 1.0  # of the view: noise below it says nothing about the other image
LEAST_COVER = 0.15  # of the fixed image: less is no evidence
FIRST_STEP, NEAR_STEP = 1.0, 0.5  # cells that the first simplex reaches out, and where it starts nearly right
CLOSE_ENOUGH = 0.025  # cells
LOOKS, NEAR_LOOKS = 120, 24  # of the simplex, at most, and where it starts nearly right


class MutualInformation:
    """Of a pair, seen with ``size`` px along the fixed image's longer side, at every ``every``-th of them."""

    def __init__(self, pair: Pair, size: int, every: int = 1):
        self.size = size
        self.to_fixed = pair.square(pair.fixed, size)
        _, inside = pair.whole(size)
        shown = ndimage.gaussian_filter(pair.fixed.values(self.to_fixed, size), SMOOTH_PX)
        levels = _levels(shown, shown[inside > 0.99]).round().astype(int)
        self._fixed, self._inside = levels[::every, ::every], inside[::every, ::every] > 0.99
        self._asked = self.to_fixed @ np.diag([every, every, 1.0])
        self._moving = Smoothed(pair.moving, every)

    def __call__(self, moving_from_fixed: np.ndarray) -> float:
        """Normalised mutual information, 0 to 1, times the share of the fixed view that both show."""
        told, cover = self._told(moving_from_fixed)
        return told * cover

    def _told(self, moving_from_fixed: np.ndarray) -> tuple[float, float]:
        """Normalised mutual information where both show something, and how much of the fixed view that is."""
        levels = self._moving.view(moving_from_fixed @ self._asked, self._fixed.shape)
        both = (levels > -0.5) & self._inside
        cover = both.mean()
        return (normalised(self._fixed[both], levels[both]) if cover >= LEAST_COVER else 0.0), cover

    def climbed(self, moving_from_fixed: np.ndarray, near: bool = False) -> np.ndarray:
        """Where it is highest near a 3 x 3 transform, by the simplex of Nelder and Mead.

        The share that both show does not count here: it would draw the moving image over the fixed one.
        """
        unit, back = units(self.size), np.linalg.inv(self.to_fixed)

        def moved(parameters: np.ndarray) -> np.ndarray:
            return moving_from_fixed @ self.to_fixed @ matrix(parameters * unit, self.size) @ back

        corners = np.vstack([np.zeros(4), (NEAR_STEP if near else FIRST_STEP) * np.eye(4)])
        options = {
            "initial_simplex": corners - corners.mean(0),
            "maxfev": NEAR_LOOKS if near else LOOKS,
            "xatol": CLOSE_ENOUGH,
            "fatol": 1e-5,
        }
        best = optimize.minimize(
            lambda p: -self._told(moved(p))[0], np.zeros(4), method="Nelder-Mead", options=options
        )
        return moved(best.x)


class Smoothed:
    """The moving image's grey levels, 0 to BINS - 1, as smooth as a view of any scale wants them."""

    def __init__(self, viewed: Viewed, every: int):
        self._viewed, self._every, self._levels = viewed, every, {}

    def view(self, image_from_view: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """Of this shape, float32; -1 where the image does not lie. A view holds every so-many-th px only."""
        step = max(1.0, math.sqrt(abs(np.linalg.det(image_from_view[:2, :2]))) / self._every)
        octave = round(math.log2(step))
        if octave not in self._levels:
            pixels, unbinned = self._viewed.binned(2**octave)
            shown = ndimage.gaussian_filter(pixels, SMOOTH_PX * 2**octave / unbinned[0, 0])
            levels = _levels(shown, shown) + np.float32(1)  # beyond the image lies 0
            self._levels[octave] = levels, np.linalg.inv(unbinned), self._viewed.mask(2**octave)
        pixels, to_pixels, mask = self._levels[octave]
        seen = sampled(pixels, to_pixels @ image_from_view, shape) - np.float32(1)
        if mask is None:
            return seen
        usable = sampled(mask, to_pixels @ image_from_view, shape) > 0.99
        return np.where(usable, seen, np.float32(-1))


def normalised(fixed: np.ndarray, moving: np.ndarray) -> float:
    """(H(f) + H(m)) / H(f, m) - 1 of whole fixed levels (K,) and of moving levels (K,) between them."""
    below = moving.astype(int)
    share = moving - below
    place = fixed * BINS + below
    counts = np.bincount(place, 1 - share, BINS**2)
    counts += np.bincount(np.minimum(place + 1, BINS**2 - 1), share, BINS**2)
    joint = (counts / counts.sum()).reshape(BINS, BINS)
    together = _entropy(joint)
    return (_entropy(joint.sum(0)) + _entropy(joint.sum(1))) / together - 1 if together > 0 else 0.0


def _entropy(shares: np.ndarray) -> float:
    held = shares[shares > 0]
    return float(-(held * np.log(held)).sum())


def _levels(values: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Values as levels 0 to BINS - 1 between the 0.5th and the 99.5th percentile."""
    low, high = np.percentile(among, [0.5, 99.5])
    return np.clip((values - low) / max(high - low, 1e-9), 0, 1).astype(np.float32) * np.float32(BINS - 1)
