"""Columns and rows of a detector whose offsets differ, the same in two images: they are subtracted.

Lines of fixed offsets (column noise of CMOS detectors, readout channels) support every displacement along
them, so that the place of an estimate does not reveal them. But they differ at random from line to line.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from xebra.arrays import Floats, Mask, Pixels
from xebra.usable_area.area import EXAMINED_PX, UsableArea
from xebra.usable_area.levels import GreyRange
from xebra.usable_area.pair import at_rest

SHARED = 0.5  # correlation of the steps from line to line of two images; by chance below 0.3 of 180 lines
FEWEST_LINES = 64
MOST_STEP = 0.5  # of the range: larger steps between neighbours are edges of the specimen
BROAD_PX = 8  # sigma: what changes more slowly across the lines is the specimen
AVERAGED = 256  # px along a line that are examined
LEAST_PX = 16  # usable ones of them
SEGMENTS = 8  # of a line: the median of theirs is its step, whatever a specimen shows in some of them
FEWEST_SEGMENTS = 3


def without_fixed_lines(
    fixed: Pixels, moving: Pixels, first: UsableArea, second: UsableArea
) -> tuple[Floats, Floats] | None:
    """Return two images (H, W) without the offsets of their columns and rows, or None.

    None where the steps from line to line are not the same in both, and where the specimen has not moved.

    Args:
        fixed: grey values (H, W).
        moving: grey values of the other image.
        first: usable area of the fixed image.
        second: usable area of the moving image.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> columns = rng.normal(size=96)
        >>> areas = [UsableArea(np.ones((96, 96), bool))] * 2
        >>> one, other = (ndimage.gaussian_filter(rng.normal(size=(96, 96)), 2) + columns for _ in "ab")
        >>> found = without_fixed_lines(one, other, *areas)
        >>> [bool(each.mean(0).std() < 0.3 * columns.std()) for each in found]
        [True, True]
        >>> without_fixed_lines(one, other[:, ::-1], *areas) is None
        True
    """
    if fixed.shape != moving.shape:
        return None
    ranges = GreyRange.of(fixed, first.mask), GreyRange.of(moving, second.mask)
    images, masks = (fixed, moving), (first.mask, second.mask)
    found = [axis for axis in (0, 1) if _shares_steps(images, masks, ranges, axis)]
    if not found:
        return None
    one, other = images
    for axis in found:
        one, other = (
            _without_offsets(image, mask, levels, axis)
            for image, mask, levels in zip((one, other), masks, ranges, strict=True)
        )
    step = -(-max(fixed.shape) // EXAMINED_PX)
    first_values, second_values = (
        levels.relative(image[::step, ::step]) for levels, image in zip(ranges, (one, other), strict=True)
    )
    both = (first.mask & second.mask)[::step, ::step]
    return None if at_rest(first_values, second_values, both) else (one, other)


def _shares_steps(
    images: tuple[Pixels, Pixels], masks: tuple[Mask, Mask], ranges: tuple[GreyRange, GreyRange], axis: int
) -> bool:
    """Return whether the mean steps from line to line along the other axis are the same in two images."""
    steps = []
    for image, mask, levels in zip(images, masks, ranges, strict=True):
        values, used = _lines(image, mask, axis)
        step = np.clip(
            np.diff(np.where(used, values, 0), axis=1) / max(levels.span, 1e-12), -MOST_STEP, MOST_STEP
        )
        steps.append(_median_of_segments(step, used[:, 1:] & used[:, :-1]))
    one, other = steps
    known = np.isfinite(one) & np.isfinite(other)
    if np.count_nonzero(known) < FEWEST_LINES or min(one[known].std(), other[known].std()) < 1e-9:
        return False
    return bool(np.corrcoef(one[known], other[known])[0, 1] >= SHARED)


def _lines(image: Pixels, mask: Mask, axis: int) -> tuple[Pixels, Mask]:
    """Return some px along lines of one axis, as columns, and which are usable."""
    every = -(-image.shape[axis] // AVERAGED)
    image, mask = (image, mask) if axis == 0 else (image.T, mask.T)
    return image[::every].astype(np.float64), mask[::every]  # differences of unsigned integers would wrap


def _median_of_segments(values: Floats, used: Mask) -> Floats:
    """Return the median over segments of the means of columns (N, K); NaN where too few px are used."""
    starts = np.unique(np.linspace(0, len(values), SEGMENTS, endpoint=False).astype(int))
    counts = np.add.reduceat(used.astype(np.float64), starts)
    means = np.where(counts > 0, np.add.reduceat(values * used, starts) / np.maximum(counts, 1), np.nan)
    enough = (counts.sum(0) >= LEAST_PX) & (np.count_nonzero(counts, axis=0) >= FEWEST_SEGMENTS)
    middle = np.full(values.shape[1], np.nan)
    middle[enough] = np.nanmedian(means[:, enough], axis=0)
    return middle


def _without_offsets(image: Pixels, mask: Mask, levels: GreyRange, axis: int) -> Floats:
    """Return an image (H, W) less the mean of its lines, but for what changes slowly across them."""
    values, used = _lines(image, mask, axis)
    filled, weights = np.where(used, values, 0), used.astype(np.float64)
    broad, share = (ndimage.gaussian_filter1d(each, BROAD_PX, axis=1) for each in (filled, weights))
    detail = filled - broad / np.maximum(share, 1e-9)
    detail = np.clip(detail, -MOST_STEP * levels.span, MOST_STEP * levels.span) * used
    counts = used.sum(0)
    offsets = np.where(counts >= LEAST_PX, detail.sum(0) / np.maximum(counts, 1), 0)
    exact = np.result_type(image.dtype, np.float32)  # that holds the steps of integers
    result: Floats = (image - (offsets if axis == 0 else offsets[:, None])).astype(exact)
    return result
