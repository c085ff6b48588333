"""How far an estimate is extrapolated: from the structure that both images show to the fixed image's corners.

The target registration error (Fitzpatrick, West and Maurer, IEEE Trans. Med. Imaging 17, 694, 1998) of a
similarity that points determine is ``s sqrt(1 + (d / r)^2)`` at a distance d from their centroid, r their rms
distance from it. A small specimen in a corner of an empty view determines the opposite corner poorly, and the
information of a network, learnt on views that are filled, shows only a part of that.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

from xebra.arrays import Floats, Mask
from xebra.estimate.image_pair import Candidate, ImagePair
from xebra.estimate.peak_flatness import weakened
from xebra.estimate.quality_features import growth
from xebra.transform import homogeneous_corners

VIEW_PX = 128  # of the fixed image
SIGMA_PX = 1.0  # of the gradients
RIM_PX = 3  # px along the edges of what both images show, where gradients are not known
CELL_PX = 8  # cells over which the energy of gradients is averaged
# The energy that a fifth of the cells are below is the ground's where there is one; cells with nothing but
# its noise rarely have 1.6 times that. A texture all over the view loses as much everywhere.
GROUND, ABOVE_GROUND = 0.2, 1.6
FILLED = 2.0  # corner error at sqrt(1 + 3) s: points all over the view


def extrapolation(pair: ImagePair, candidate: Candidate) -> float:
    """Return the error at the fixed image's corners, relative to that of structure all over the view.

    Of the two images the one with more concentrated structure counts. 1 where neither shows any.
    """
    fixed_from_view = pair.fixed_from_view(VIEW_PX)
    fixed, fixed_inside = pair.fixed_view(VIEW_PX)
    moving, moving_inside = pair.moving.view(candidate.moving_from_fixed @ fixed_from_view, VIEW_PX)
    both = ndimage.binary_erosion((fixed_inside > 0.9) & (moving_inside > 0.9), iterations=RIM_PX)
    if not both.any():
        return 1.0
    corners = (homogeneous_corners(pair.fixed.shape) @ np.linalg.inv(fixed_from_view).T)[:, :2]
    return max(_relative_error(_structure(view, both), corners) for view in (fixed, moving))


def with_extrapolation(candidate: Candidate, extrapolated: float) -> Candidate:
    """Return a candidate whose evidence is as much weaker as its estimate is extrapolated."""
    factor = growth(extrapolated)
    return candidate if factor == 1 or candidate.evidence is None else weakened(candidate, factor**-2)


def _structure(view: Floats, both: Mask) -> Floats:
    """Return the rms gradient above the ground's in cells (h, w) of a view (H, W), where both show it."""
    columns, rows = (ndimage.gaussian_filter(view, SIGMA_PX, order=order) for order in ((0, 1), (1, 0)))
    energy, share = _cells((columns**2 + rows**2) * both), _cells(both)
    known = share > 0.5
    ground = float(np.quantile(energy[known] / share[known], GROUND)) if known.any() else 0.0
    strength: Floats = np.sqrt(np.maximum(energy - ABOVE_GROUND * ground * share, 0))
    return strength


def _cells(values: Floats | Mask) -> Floats:
    """Return the means (h, w) of cells of values (H, W)."""
    means: Floats = values.reshape(len(values) // CELL_PX, CELL_PX, -1, CELL_PX).mean((1, 3))
    return means


def _relative_error(weights: Floats, corners: Floats) -> float:
    """Return sqrt(1 + (d / r)^2) / 2 of weighted cells (h, w), d the rms distance of corners (K, 2) in px."""
    total = float(weights.sum())
    if total <= 0:
        return 1.0
    middles = [CELL_PX * np.arange(count) + (CELL_PX - 1) / 2 for count in weights.shape[::-1]]
    sums = weights.sum(0), weights.sum(1)
    center = np.array([middle @ each / total for middle, each in zip(middles, sums, strict=True)])
    spread = sum(
        float((middle - at) ** 2 @ each) / total
        for middle, at, each in zip(middles, center, sums, strict=True)
    )
    distance = float(((corners - center) ** 2).sum(1).mean())
    return math.sqrt(1 + distance / (spread + CELL_PX**2 / 6)) / FILLED
