"""Constant frames around a convex field of view: field stops, apertures, padding of turned images."""

from __future__ import annotations

import numpy as np
from scipy import ndimage
from scipy.spatial import ConvexHull, QhullError

from xebra.arrays import Floats, Mask, Pixels
from xebra.usable_area.levels import MARGIN, SQUARE, most_frequent_level
from xebra.usable_area.outlines import depth_in_outline

LEAST_RIM = 0.04  # of the pixels along the image's edges that a frame covers
SPREAD = 15.0  # tolerances: the most by which the noise of a frame spreads its level
LEAST_FIELD = 0.12  # of the image: a smaller one is a specimen on an even ground
LEAST_CUT_FIELD = 0.05  # of the image: the least specimen that a circle or rectangle cuts off
LEAST_FRAME = 0.004  # of the image
SPECK = 0.002  # of the image: smaller parts do not belong to the field
FOREIGN = 0.03  # of a frame that may have another level
SUPPORT = 0.75  # of the hull's edge that the field itself must reach
EDGE_PX = 12  # px: the softest edge
SOFTEST = 0.07  # of the longer side: the softest edge of a small image
RISEN, RISEN_PX = 0.9, 4  # an edge ends at this share of the contrast within these px further inside
HALF = 0.5  # of the contrast further inside: the least at the end of an edge
NEIGHBOURS, DENSE = 5, 0.25  # px, and the share of pixels of the field around a pixel of it


def frame(pixels: Pixels, mask: Mask, tolerance: float) -> Mask | None:
    """Return what lies beyond the field of view of grey values (H, W), or None; it may have two levels."""
    rim = _rim(pixels.shape)
    values, least = pixels[rim & mask], LEAST_RIM * np.count_nonzero(rim)
    beyond = np.zeros(pixels.shape, bool)
    for _ in range(2):
        if values.size < least:
            break
        level, share = most_frequent_level(values, tolerance)
        if share * values.size < least:
            break
        spread = _spread(values, level, tolerance)
        depth = depth_in_field(np.abs(pixels - level) <= spread, rim)
        if depth is not None:
            beyond |= depth < MARGIN + soft_edge(np.abs(pixels - level), depth)
        values = values[np.abs(values - level) > spread]
    return beyond if beyond.any() else None


def depth_in_field(constant: Mask, rim: Mask) -> Floats | None:
    """Return how many px inside the field of view, of what is not ``constant``, each pixel (H, W) lies.

    None where nothing is beyond the convex hull of that, or where neither the field itself has the shape of
    its hull nor a circle or rectangle cuts it off.
    """
    field = _dense(~constant)
    corners = _corners_of_hull(field)
    if corners is None:
        return None
    in_hull = _depth_in_hull(field, corners)
    if not _is_frame(in_hull < 0, constant):
        return None
    if field.mean() >= LEAST_FIELD and _has_shape_of_hull(field, in_hull, rim):
        return in_hull
    in_outline = depth_in_outline(field, corners)
    return in_outline if in_outline is not None and _is_frame(in_outline < 0, constant) else None


def _is_frame(beyond: Mask, constant: Mask) -> bool:
    """Return whether what lies beyond a field is large enough, and one level."""
    area = int(np.count_nonzero(beyond))
    return area >= LEAST_FRAME * beyond.size and int(np.count_nonzero(beyond & ~constant)) <= FOREIGN * area


def _has_shape_of_hull(field: Mask, depth: Floats, rim: Mask) -> bool:
    """Return whether a field (H, W) reaches the edge of its convex hull along most of it."""
    edge = (depth >= 0) & (depth < 1) & ~ndimage.binary_dilation(rim, iterations=2)
    reached = ndimage.binary_dilation(field, SQUARE, iterations=2)
    return int(np.count_nonzero(edge)) >= 8 and bool(reached[edge].mean() >= SUPPORT)


def soft_edge(contrast: Floats, depth: Floats) -> float:
    """Return over how many px inside a field (H, W) its contrast to the frame rises: the blur of its edge.

    It ends where the mean contrast rises by a tenth at most within the next px, at half of the contrast
    further inside or more: a specimen whose contrast itself changes from there on is no edge.
    """
    inside, softest = depth >= 0, min(EDGE_PX, round(SOFTEST * max(depth.shape)))
    steps = depth[inside].astype(int)
    sums, counts = (np.bincount(steps, weights) for weights in (contrast[inside], None))
    profile = sums / np.maximum(counts, 1)
    plateau = profile[softest : 2 * softest]
    if not plateau.size or plateau.mean() <= 0:
        return 0.0
    further = ndimage.maximum_filter1d(profile, RISEN_PX, origin=-(RISEN_PX // 2), mode="nearest")
    risen = (profile >= RISEN * further) & (profile >= HALF * plateau.mean())
    ends = risen[:softest]
    return float(ends.argmax()) if ends.any() else float(softest)


def _rim(shape: tuple[int, ...]) -> Mask:
    rim = np.ones(shape, bool)
    rim[2:-2, 2:-2] = False
    return rim


def _spread(values: Floats, level: float, tolerance: float) -> float:
    """Return by how much the values of a frame spread around its level."""
    apart = np.abs(values - level)
    deviation = float(np.median(apart[apart <= SPREAD * tolerance]))
    return min(max(2 * tolerance, 4 * deviation), SPREAD * tolerance)


def _dense(field: Mask) -> Mask:
    """Return a field (H, W) without single pixels and specks."""
    field = ndimage.uniform_filter(field.astype(np.float32), NEIGHBOURS, mode="constant") > DENSE
    parts, _ = ndimage.label(field)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return (sizes > SPECK * field.size)[parts]


def _corners_of_hull(field: Mask) -> Floats | None:
    """Return the corners (K, 2), x and y, of the convex hull of a field (H, W); None without a hull."""
    rows = np.flatnonzero(field.any(1))
    if len(rows) < 8 or field.mean() < LEAST_CUT_FIELD:
        return None
    first, last = field[rows].argmax(1), field.shape[1] - 1 - field[rows, ::-1].argmax(1)
    points = np.vstack([np.c_[first, rows], np.c_[last, rows]])
    try:
        return points[ConvexHull(points).vertices].astype(np.float64)
    except QhullError:
        return None


def _depth_in_hull(field: Mask, corners: Floats) -> Floats:
    """Return how many px inside a hull with some corners (K, 2) each pixel of a field (H, W) lies."""
    x, y = (np.arange(side, dtype=np.float32) for side in field.shape[::-1])
    depth = np.full(field.shape, np.inf, np.float32)
    for across, down, start in ConvexHull(corners).equations.astype(np.float32):
        np.minimum(depth, -(across * x[None, :] + down * y[:, None] + start), out=depth)
    return depth
