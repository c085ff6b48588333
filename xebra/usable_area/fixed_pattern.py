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
FEWEST_PX = 40  # shared px
# Times as many px as are shared when one image is displaced: dust that stood in the way in 19 of 240 pairs
# has 2.1 and more.
CHANCE = 2.0
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
# Quarters of height and width, cyclically.
DISPLACED = (2, 2), (1, 2), (2, 1), (3, 2), (2, 3), (1, 1), (3, 3), (1, 3), (3, 1)


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
    fixed: Pixels, moving: Pixels, first: UsableArea, second: UsableArea, beyond_chance: bool = False
) -> FixedPattern | None:
    """Return what two images show alike at the same place, or None.

    Args:
        fixed: grey values (H, W).
        moving: grey values of the other image.
        first: usable area of the fixed image.
        second: usable area of the moving image.
        beyond_chance: None is returned also where the images share about as much when one is displaced.

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
    level = constant_px(fixed[::step, ::step]), constant_px(moving[::step, ::step])
    bands = _bands(one, used), _bands(other, used)
    spots, unlike = _spots(*bands, used)
    shared = spots | _solid(*level, used)
    if np.count_nonzero(shared) < FEWEST_PX:
        return None
    if beyond_chance and _is_by_chance(int(np.count_nonzero(shared)), *bands, *level, used):
        return None
    grown = ndimage.binary_dilation(shared, SQUARE, iterations=GROW_PX)
    found = FixedPattern(enlarged(grown, step, fixed.shape), unlike)
    largest = LARGEST_BESIDE_OTHER if found.is_beside_other else LARGEST
    return found if np.count_nonzero(grown & used) <= largest * np.count_nonzero(used) else None


def _bands(image: Floats, used: Mask) -> Floats:
    """Return the deviations (scales, H, W) of an image."""
    return np.array([_deviations(image, used, fine, broad) for fine, broad in SCALES])


def _is_by_chance(
    shared: int, fixed: Floats, moving: Floats, fixed_level: Mask, moving_level: Mask, used: Mask
) -> bool:
    """Return whether images share about as many px when the moving one is displaced.

    Its spots and areas of one level are as large and as many then.

    Args:
        shared: px that they share as they are.
        fixed: deviations (scales, H, W) of the fixed image.
        moving: likewise.
        fixed_level: (H, W) bool, areas of one level of the fixed image.
        moving_level: likewise.
        used: (H, W) bool, usable in both.
    """
    rows, columns = used.shape
    for down, right in DISPLACED:
        shift = down * rows // 4, right * columns // 4
        both = used & np.roll(used, shift, (0, 1))
        spots, _ = _spots(fixed * both, np.roll(moving, shift, (1, 2)) * both, both)
        by_chance = np.count_nonzero(spots | _solid(fixed_level, np.roll(moving_level, shift, (0, 1)), both))
        if shared * np.count_nonzero(both) <= CHANCE * by_chance * np.count_nonzero(used):
            return True
    return False


def _spots(fixed: Floats, moving: Floats, used: Mask) -> tuple[Mask, float]:
    """Return what stands out of both images alike, and what is unlike, from deviations (scales, H, W).

    The latter is the share of what stands out of an image that the other one does not show, the smaller of
    both images; of the finest scale it is noise, which does not count.
    """
    spots = np.zeros(used.shape, bool)
    alone, coarse = np.zeros(2), np.zeros(2)
    for number in range(len(SCALES)):
        both = np.array([fixed[number], moving[number]])
        found = np.abs(both) > STRONG
        alike = (both.prod(0) > 0) & (np.abs(both).min(0) > WEAK)
        parts, count = ndimage.label(found.any(0))
        displaced = ndimage.mean(~alike, parts, np.arange(count + 1)) > UNLIKE_PART
        displaced[0] = False
        pattern = ~displaced[parts]
        for sign in (1, -1):
            one_sign = alike & pattern & (sign * both[0] > 0)
            spots |= ndimage.binary_propagation(found.all(0) & one_sign, mask=one_sign)
        if number:
            alone += (found & ~alike).sum((1, 2))
            coarse += found.sum((1, 2))
    return spots, float((alone / np.maximum(coarse, 1)).min())


def _deviations(image: Floats, used: Mask, fine: float, broad: float) -> Floats:
    """Return the difference of two Gaussians in robust standard deviations, 0 where it is not usable."""
    band = ndimage.gaussian_filter(image, fine) - ndimage.gaussian_filter(image, broad)
    middle = np.median(band[used])
    deviation = 1.4826 * np.median(np.abs(band[used] - middle))
    result: Floats = np.where(used, (band - middle) / max(deviation, LEAST_DEVIATION), 0)
    return result


def _solid(fixed: Mask, moving: Mask, used: Mask) -> Mask:
    """Return areas of one level at the same place in both images, as behind a beam stop."""
    parts, _ = ndimage.label(ndimage.binary_dilation(fixed & moving, SQUARE) & used)
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return (sizes >= LEAST_SOLID)[parts]
