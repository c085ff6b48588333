"""What lies at the same place in both images without sharp edges: dust on a detector or window, a beam stop.

A specimen that has not moved between two images looks the same as a pattern that is fixed to the detector.
Such a pattern is therefore not excluded at once: the pair is registered without it as well, and the content
decides.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from xebra.arrays import Floats, Mask, Pixels
from xebra.usable_area.area import EXAMINED_PX, UsableArea, enlarged
from xebra.usable_area.levels import SQUARE, GreyRange

SCALES = ((1.0, 6.0), (2.0, 12.0), (4.0, 24.0))  # px: Gaussians whose difference shows spots of that size
STRONG = 3.0  # robust standard deviations of the difference: what stands out of the image
FEWEST_PX, CHANCE = 40, 1.0  # shared px, and times as many as unrelated images share
LARGEST = 0.4  # of the area: more that is shared is the specimen
GROW_PX = 4  # around shared px, which are the middle of a spot
LEAST_SOLID = 60  # px of a shared area of one level
LEAST_DEVIATION = 1e-6  # of the range: an even image has none


def fixed_pattern(fixed: Pixels, moving: Pixels, first: UsableArea, second: UsableArea) -> Mask | None:
    """Return where two images show the same at the same place, as a mask (H, W), or None.

    Args:
        fixed: grey values (H, W).
        moving: grey values of the other image.
        first: usable area of the fixed image.
        second: usable area of the moving image.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> dust, areas = np.zeros((96, 96)), [UsableArea(np.ones((96, 96), bool))] * 2
        >>> dust[20:26, 30:36] = dust[60:66, 70:76] = 1
        >>> one, other = (ndimage.gaussian_filter(rng.normal(size=dust.shape) - 9 * dust, 2) for _ in "ab")
        >>> found = fixed_pattern(one, other, *areas)
        >>> bool(found[23, 33] and found[63, 73]), bool(found.mean() < 0.2)
        (True, True)
        >>> fixed_pattern(one, one[::-1], *areas) is None
        True
    """
    if fixed.shape != moving.shape:
        return None
    step = -(-max(fixed.shape) // EXAMINED_PX)
    used = (first.mask & second.mask)[::step, ::step]
    if not used.any():
        return None
    one, other = (
        np.where(used, GreyRange.of(image, area.mask).relative(image[::step, ::step]), np.float32(0.5))
        for image, area in ((fixed, first), (moving, second))
    )
    shared, by_chance = _spots(one, other, used)
    shared |= _solid(fixed[::step, ::step], moving[::step, ::step], used)
    if np.count_nonzero(shared) < max(FEWEST_PX, CHANCE * by_chance):
        return None
    grown = ndimage.binary_dilation(shared, SQUARE, iterations=GROW_PX)
    if np.count_nonzero(grown & used) > LARGEST * np.count_nonzero(used):
        return None
    return enlarged(grown, step, fixed.shape)


def _spots(fixed: Floats, moving: Floats, used: Mask) -> tuple[Mask, float]:
    """Return what stands out of both images alike, and how many px do so in unrelated images."""
    spots, strong = np.zeros(used.shape, bool), np.zeros((2, *used.shape), bool)
    for fine, broad in SCALES:
        one, other = (_deviations(image, used, fine, broad) for image in (fixed, moving))
        found = np.abs([one, other]) > STRONG
        spots |= found.all(0) & (one * other > 0)
        strong |= found
    counts = strong.sum((1, 2))
    return spots, float(counts[0]) * float(counts[1]) / np.count_nonzero(used)


def _deviations(image: Floats, used: Mask, fine: float, broad: float) -> Floats:
    """Return the difference of two Gaussians in robust standard deviations, 0 where it is not usable."""
    band = ndimage.gaussian_filter(image, fine) - ndimage.gaussian_filter(image, broad)
    middle = np.median(band[used])
    deviation = 1.4826 * np.median(np.abs(band[used] - middle))
    result: Floats = np.where(used, (band - middle) / max(deviation, LEAST_DEVIATION), 0)
    return result


def _solid(fixed: Pixels, moving: Pixels, used: Mask) -> Mask:
    """Return areas of one level at the same place in both images, as behind a beam stop."""
    constant = used.copy()
    for image in (fixed, moving):
        constant &= ndimage.maximum_filter(image, 3) == ndimage.minimum_filter(image, 3)
    parts, _ = ndimage.label(ndimage.binary_dilation(constant, SQUARE) & used)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return (sizes >= LEAST_SOLID)[parts]
