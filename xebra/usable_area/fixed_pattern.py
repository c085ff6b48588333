"""What lies at the same place in both images without sharp edges: dust on a detector or window, a beam stop.

A specimen that has not moved between two images looks the same as a pattern that is fixed to the detector.
Such a pattern is therefore not excluded at once: the pair is registered without it as well, and the content
decides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from xebra.arrays import Floats, Mask, Pixels
from xebra.usable_area.area import EXAMINED_PX, UsableArea, enlarged
from xebra.usable_area.levels import SQUARE, GreyRange, constant_px

SCALES = ((1.0, 6.0), (2.0, 12.0), (4.0, 24.0))  # px: Gaussians whose difference shows spots of that size
STRONG = 3.0  # robust standard deviations of the difference: what stands out of the image
FEWEST_PX, CHANCE = 40, 1.0  # shared px, and times as many as unrelated images share
# Of the area: more that is shared is the specimen, unless each image shows what the other does not.
LARGEST, LARGEST_BESIDE_OTHER = 0.4, 0.8
WEAK = 1.0  # robust standard deviations: one image shows what stands out of the other
UNLIKE_PART = 0.2  # of a part that stands out of either image: a specimen that has moved, not a spot
# Share of what stands out of an image that the other one does not show: of 50 pairs of one modality that had
# not moved at most 0.04.
UNLIKE = 0.05
GROW_PX = 4  # around shared px, which are the middle of a spot
LEAST_SOLID = 60  # px of a shared area of one level
LEAST_DEVIATION = 1e-6  # of the range: an even image has none


@dataclass(frozen=True)
class FixedPattern:
    """What lies at the same place in both images, and how much else does not."""

    mask: Mask  # (H, W)
    unlike: float  # least share of what stands out of an image that the other one does not show

    @property
    def is_beside_other(self) -> bool:
        """Return whether each image shows what the other does not show at the same place."""
        return self.unlike >= UNLIKE


def fixed_pattern(
    fixed: Pixels, moving: Pixels, first: UsableArea, second: UsableArea
) -> FixedPattern | None:
    """Return what two images show alike at the same place, or None.

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
        >>> bool(found.mask[23, 33] and found.mask[63, 73]), bool(found.mask.mean() < 0.3)
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
    shared, by_chance, unlike = _spots(one, other, used)
    shared |= _solid(fixed[::step, ::step], moving[::step, ::step], used)
    if np.count_nonzero(shared) < max(FEWEST_PX, CHANCE * by_chance):
        return None
    grown = ndimage.binary_dilation(shared, SQUARE, iterations=GROW_PX)
    found = FixedPattern(enlarged(grown, step, fixed.shape), unlike)
    largest = LARGEST_BESIDE_OTHER if found.is_beside_other else LARGEST
    return found if np.count_nonzero(grown & used) <= largest * np.count_nonzero(used) else None


def _spots(fixed: Floats, moving: Floats, used: Mask) -> tuple[Mask, float, float]:
    """Return what stands out of both images alike, how many px do so in unrelated images, and what is unlike.

    The last is the share of what stands out of an image that the other one does not show, the smaller of both
    images; of the finest scale it is noise, which does not count.
    """
    spots, strong = np.zeros(used.shape, bool), np.zeros((2, *used.shape), bool)
    alone, coarse = np.zeros(2), np.zeros(2)
    for number, (fine, broad) in enumerate(SCALES):
        both = np.array([_deviations(image, used, fine, broad) for image in (fixed, moving)])
        found = np.abs(both) > STRONG
        alike = (both.prod(0) > 0) & (np.abs(both).min(0) > WEAK)
        parts, count = ndimage.label(found.any(0))
        displaced = ndimage.mean(~alike, parts, np.arange(count + 1)) > UNLIKE_PART
        displaced[0] = False
        pattern = ~displaced[parts]
        for sign in (1, -1):
            one_sign = alike & pattern & (sign * both[0] > 0)
            spots |= ndimage.binary_propagation(found.all(0) & one_sign, mask=one_sign)
        strong |= found & pattern
        if number:
            alone += (found & ~alike).sum((1, 2))
            coarse += found.sum((1, 2))
    counts = strong.sum((1, 2))
    by_chance = float(counts[0]) * float(counts[1]) / np.count_nonzero(used)
    return spots, by_chance, float((alone / np.maximum(coarse, 1)).min())


def _deviations(image: Floats, used: Mask, fine: float, broad: float) -> Floats:
    """Return the difference of two Gaussians in robust standard deviations, 0 where it is not usable."""
    band = ndimage.gaussian_filter(image, fine) - ndimage.gaussian_filter(image, broad)
    middle = np.median(band[used])
    deviation = 1.4826 * np.median(np.abs(band[used] - middle))
    result: Floats = np.where(used, (band - middle) / max(deviation, LEAST_DEVIATION), 0)
    return result


def _solid(fixed: Pixels, moving: Pixels, used: Mask) -> Mask:
    """Return areas of one level at the same place in both images, as behind a beam stop."""
    constant = constant_px(fixed) & constant_px(moving)
    parts, _ = ndimage.label(ndimage.binary_dilation(constant, SQUARE) & used)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return (sizes >= LEAST_SOLID)[parts]
