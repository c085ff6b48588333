"""The usable areas of two images of one detector: what stays at one position in both is no evidence."""

from __future__ import annotations

import numpy as np
from scipy import fft, ndimage

from xebra.arrays import Floats, Mask, Pixels
from xebra.usable_area.area import EXAMINED_PX, UsableArea, enlarged, given_area, of_large, usable_area
from xebra.usable_area.levels import MARGIN, SQUARE, GreyRange, constant_px, most_frequent_level

SAME_IN_BOTH = "same in both images"  # what is excluded
LARGE_PX = 4096  # a larger image is examined on every k-th of its pixels, for time and memory
OUTLIER = 0.45  # of the robust range beyond its ends: a hot or dead pixel
FEWEST_OUTLIERS = 3
EDGE, SAME_EDGE = 0.35, 0.2  # of the range: a step from px to px that is strong, and that two images share
FEWEST_EDGES, DENSEST = 40, 30  # px of shared edges in all, and in one place
CHANCE = 4  # times as many as unrelated images share by chance
GROW_PX = 3  # around shared edges
LARGEST = 0.3  # of the area: more that is shared is the specimen, which has not moved
STILL = 0.2  # correlation of the rest from which the specimen has not moved
STILL_PX, DISPLACED_PX = 2.0, 32  # displacements of the largest correlation: at rest, and compared
SHOWS_SAME = 0.9  # correlation under a mask from which both images show the same there
FEWEST_PX = 32  # of a part that one image excludes, so that it is searched for in the other
CONSTANT = 0.9  # of the values under a mask at one level: nothing is lost by excluding them
SHADING_PX, NOISE_PX = 6, 1  # sigma
FEWEST_SOLID, LEAST_SOLID = 30, 60  # px of one level with their neighbours; of an area of them
SAME_OUTLINE = 0.9  # share of two areas of one level that both images have


def usable_areas(
    fixed: Pixels,
    moving: Pixels,
    fixed_mask: Mask | None = None,
    moving_mask: Mask | None = None,
    find_more: tuple[bool, bool] = (False, False),
) -> tuple[UsableArea, UsableArea]:
    """Return the usable areas of grey values (H, W) of two images.

    A given mask (H, W) bool is the only rule for its image, beside values that are not finite, unless
    ``find_more`` is true of it.

    Of two images of one shape, what one excludes is excluded in the other too where that shows the same or
    nothing there; and so are hot pixels and burned-in graphics that lie at the same place in both.
    Of images over 4096 px every k-th pixel is examined.
    """
    searched = [mask is None or more for mask, more in zip((fixed_mask, moving_mask), find_more, strict=True)]
    steps = _decimation(fixed), _decimation(moving)
    if max(steps) > 1:
        one, other = steps
        areas = usable_areas(
            fixed[::one, ::one],
            moving[::other, ::other],
            None if fixed_mask is None else fixed_mask[::one, ::one],
            None if moving_mask is None else moving_mask[::other, ::other],
            find_more,
        )
        return (
            of_large(areas[0], one, fixed, fixed_mask, searched[0]),
            of_large(areas[1], other, moving, moving_mask, searched[1]),
        )
    first, second = _own_area(fixed, fixed_mask, find_more[0]), _own_area(moving, moving_mask, find_more[1])
    if not any(searched):
        return first, second
    found = _compared(fixed, moving, first, second)
    return found[0] if searched[0] else first, found[1] if searched[1] else second


def _own_area(pixels: Pixels, mask: Mask | None, find_more: bool) -> UsableArea:
    """Return the usable area of one image (H, W) alone."""
    return usable_area(pixels, mask) if mask is None or find_more else given_area(pixels, mask)


def _decimation(pixels: Pixels) -> int:
    """Return every which px of an image is examined."""
    return -(-int(max(pixels.shape)) // LARGE_PX)


def _compared(
    fixed: Pixels, moving: Pixels, first: UsableArea, second: UsableArea
) -> tuple[UsableArea, UsableArea]:
    """Return the areas of two images without what lies at the same place in both."""
    if fixed.shape != moving.shape:
        return first, second
    ranges = GreyRange.of(fixed, first.mask), GreyRange.of(moving, second.mask)
    hot = shared_outliers(fixed, moving, *ranges)
    step = -(-max(fixed.shape) // EXAMINED_PX)
    values = ranges[0].relative(fixed[::step, ::step]), ranges[1].relative(moving[::step, ::step])
    masks = first.mask[::step, ::step], second.mask[::step, ::step]
    first, second = (
        _with_others(first, second, masks, values),
        _with_others(second, first, masks[::-1], values[::-1]),
    )
    both = first.mask[::step, ::step] & second.mask[::step, ::step]
    if hot is not None and not at_rest(*values, both & ~hot[::step, ::step]):
        first, second = first.without(hot, "hot pixels"), second.without(hot, "hot pixels")
    graphics = shared_graphics(*values, both)
    if graphics is not None:
        part = enlarged(graphics, step, fixed.shape)
        first, second = (
            first.without(part, SAME_IN_BOTH),
            second.without(part, SAME_IN_BOTH),
        )
    return first, second


def shared_outliers(fixed: Pixels, moving: Pixels, *ranges: GreyRange) -> Mask | None:
    """Return single pixels (H, W), each with its neighbours, that lie far off the range in both images.

    None where two images share no more of them than by chance.
    """
    outliers = []
    for image, levels in zip((fixed, moving), ranges, strict=True):
        low, high = levels.low - OUTLIER * levels.span, levels.high + OUTLIER * levels.span
        with np.errstate(invalid="ignore"):
            outliers.append((image > high) | (image < low))
    both = outliers[0] & outliers[1]
    by_chance = np.count_nonzero(outliers[0]) * np.count_nonzero(outliers[1]) / both.size
    if not max(FEWEST_OUTLIERS, CHANCE * by_chance) <= np.count_nonzero(both) <= both.size // 50:
        return None
    crowded = ndimage.uniform_filter(both.astype(np.float32), 3) > 0.5
    return ndimage.binary_dilation(both & ~crowded, SQUARE)


def shared_graphics(fixed: Pixels, moving: Pixels, mask: Mask) -> Mask | None:
    """Return what two images (H, W), as shares of their ranges, show with sharp edges at the same place.

    None where they share no more edges than by chance, and where the rest correlates as well: the specimen
    itself lies at the same place then.
    """
    edges = _shared_edges(fixed, moving, mask)
    found = _shared_solids(fixed, moving, mask)
    if edges is not None:
        near = ndimage.binary_dilation(edges, SQUARE, iterations=GROW_PX)
        parts, count = ndimage.label(near)
        dense = ndimage.sum_labels(edges, parts, np.arange(count + 1)) >= DENSEST
        found |= ndimage.binary_fill_holes(dense[parts])
    area = np.count_nonzero(found & mask)
    if not 0 < area <= LARGEST * np.count_nonzero(mask):
        return None
    rest = mask & ~ndimage.binary_dilation(found, SQUARE, iterations=2 * SHADING_PX)
    return None if at_rest(fixed, moving, rest) else found


def _shared_solids(fixed: Pixels, moving: Pixels, mask: Mask) -> Mask:
    """Return areas of one level that have the same outline in both images, as behind a beam stop."""
    constant = [constant_px(image) for image in (fixed, moving)]
    if min(np.count_nonzero(part) for part in constant) < FEWEST_SOLID:
        return np.zeros(mask.shape, bool)
    one, other = (ndimage.label(ndimage.binary_dilation(part, SQUARE) & mask)[0] for part in constant)
    sizes = np.bincount(one.ravel()), np.bincount(other.ravel())
    pairs = one.astype(np.int64) * len(sizes[1]) + other
    codes, both = np.unique(pairs, return_counts=True)
    numbers = np.divmod(codes, len(sizes[1]))
    union = sizes[0][numbers[0]] + sizes[1][numbers[1]] - both
    same = (np.minimum(*numbers) > 0) & (both >= LEAST_SOLID) & (both >= SAME_OUTLINE * union)
    return ndimage.binary_dilation(np.isin(pairs, codes[same]), SQUARE, iterations=GROW_PX)


def at_rest(fixed: Pixels, moving: Pixels, mask: Mask) -> bool:
    """Return whether the specimen lies at the same place in two images (H, W).

    Their detail correlates, and more so than where one is displaced.
    """
    details = [_detail(image) for image in (fixed, moving)]
    if abs(_correlation(*(detail[mask] for detail in details))) < STILL:
        return False
    deviations = (np.where(mask, detail - detail[mask].mean(), 0) for detail in details)
    return _displacement_px(*deviations) <= STILL_PX


def _displacement_px(fixed: Floats, moving: Floats) -> float:
    """Return at which displacement two images (H, W) of mean 0 correlate most, along each axis to 32 px."""
    shape = tuple(length + DISPLACED_PX for length in fixed.shape)
    one, other = (fft.rfft2(image, shape) for image in (fixed, moving))
    line = np.arange(-DISPLACED_PX, DISPLACED_PX + 1)
    near = np.abs(fft.irfft2(one * other.conj(), shape))[np.ix_(line, line)]
    row, column = np.unravel_index(near.argmax(), near.shape)
    return float(np.hypot(line[row], line[column]))


def _shared_edges(fixed: Pixels, moving: Pixels, mask: Mask) -> Mask | None:
    shared, counts = np.zeros(mask.shape, bool), np.zeros(2)
    for a, b, usable, result in ((fixed, moving, mask, shared), (fixed.T, moving.T, mask.T, shared.T)):
        steps = np.diff(a, axis=0), np.diff(b, axis=0)
        strong = [(np.abs(step) > EDGE) & usable[1:] & usable[:-1] for step in steps]
        counts += [np.count_nonzero(s) for s in strong]
        same = strong[0] & strong[1] & (np.abs(steps[0] - steps[1]) < SAME_EDGE)
        result[1:] |= same
        result[:-1] |= same
    by_chance = counts.prod() / max(np.count_nonzero(mask), 1)
    return shared if np.count_nonzero(shared) >= max(FEWEST_EDGES, CHANCE * by_chance) else None


def _detail(image: Pixels) -> Floats:
    return ndimage.gaussian_filter(image, NOISE_PX) - ndimage.gaussian_filter(image, SHADING_PX)


def _with_others(
    own: UsableArea, other: UsableArea, masks: tuple[Mask, Mask], values: tuple[Floats, Floats]
) -> UsableArea:
    """Return an area without what the other image's area excludes, where nothing is lost by that."""
    only_other = masks[0] & ~masks[1]
    if np.count_nonzero(only_other) < FEWEST_PX:
        return own
    parts, _ = ndimage.label(only_other)
    core = ndimage.binary_erosion(only_other, SQUARE, iterations=MARGIN, border_value=1)
    shared = np.zeros(parts.shape, bool)
    for number in np.flatnonzero(np.bincount(parts.ravel())[1:] >= FEWEST_PX) + 1:
        part = parts == number
        inner = part & core
        inner = inner if np.count_nonzero(inner) >= FEWEST_PX else part
        if _shows_the_same(*(image[inner] for image in values)):
            shared |= part
    step = -(-max(own.mask.shape) // EXAMINED_PX)
    return own.without(enlarged(shared, step, own.mask.shape) & ~other.mask, "as in the other image")


def _shows_the_same(own: Floats, other: Floats) -> bool:
    """Return whether values (K,) of one image are one level, or correlate with those of another image."""
    constant = most_frequent_level(own[:: max(1, len(own) // 8192)], 0.004)[1] > CONSTANT
    return constant or _correlation(own, other) > SHOWS_SAME


def _correlation(one: Floats, other: Floats) -> float:
    one, other = one - one.mean(), other - other.mean()
    norm = float(np.sqrt((one @ one) * (other @ other)))
    return float(one @ other) / norm if norm > 1e-9 else 0.0
