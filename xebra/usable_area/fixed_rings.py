"""Ring artefacts of computed tomography, the same in two reconstructions: they are subtracted.

A detector element that responds differently from its neighbours draws a ring about the rotation axis, which
is at the centre of a reconstruction. Rings that two images share support every rotation about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import ndimage

from xebra.arrays import Floats, Integers, Mask, Pixels
from xebra.transform import image_center
from xebra.usable_area.area import UsableArea
from xebra.usable_area.levels import GreyRange
from xebra.usable_area.pair import at_rest

EXAMINED_PX = 384  # of the longer side; each px is of the ring of its own radius
SHARED = 0.5  # correlation of the steps from ring to ring of two images; by chance below 0.35 of 120 rings
RING_PX = 0.5  # width of a ring: they are not centred on px
BESIDE_PX = 0.5  # px beside the centre: the axis of an even number of px may be at a corner of px
LIKELY = 0.25  # correlation from which rings about that place are examined too
FEWEST_RINGS = 96
PX_APART = 2  # rings between which a step is measured
OUTLIER = 2.5  # robust standard deviations
LEAST_PX = 12  # usable ones of a ring
SECTORS = 8  # of a ring: its offset is the median of theirs, which a specimen in some of them does not change
FEWEST_SECTORS = 3
BROAD_PX = 12  # sigma: what changes more slowly with the radius is the specimen


def without_fixed_rings(
    fixed: Pixels, moving: Pixels, first: UsableArea, second: UsableArea
) -> tuple[Floats, Floats] | None:
    """Return two images (H, W) without the rings about their centres that they share, or None.

    None where their rings are not the same, and where the specimen has not moved.

    Args:
        fixed: grey values (H, W).
        moving: grey values of the other image.
        first: usable area of the fixed image.
        second: usable area of the moving image.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> y, x = np.mgrid[:160, :160] - 79.5
        >>> rings = rng.normal(size=120)[np.hypot(x, y).round().astype(int)]
        >>> areas = [UsableArea(np.ones((160, 160), bool))] * 2
        >>> one, other = (ndimage.gaussian_filter(rng.normal(size=(160, 160)), 2) * 4 + rings for _ in "ab")
        >>> found = without_fixed_rings(one, other, *areas)
        >>> [bool((image - left).std() > 0.8) for image, left in zip((one, other), found)]
        [True, True]
        >>> without_fixed_rings(one, rng.normal(size=(160, 160)), *areas) is None
        True
    """
    if fixed.shape != moving.shape:
        return None
    step = -(-max(fixed.shape) // EXAMINED_PX)
    some = np.s_[::step, ::step]
    masks = first.mask[some], second.mask[some]
    ranges = [GreyRange.of(image, area.mask) for image, area in ((fixed, first), (moving, second))]
    values = [levels.relative(image[some]) for levels, image in zip(ranges, (fixed, moving), strict=True)]
    found = _Shared.of(values, masks, fixed.shape, step, 0.0)
    if found.correlation >= LIKELY:
        beside = _Shared.of(values, masks, fixed.shape, step, BESIDE_PX)
        found = max(found, beside, key=lambda each: each.energy)
    if found.correlation < SHARED or not _are_all_around(values, masks, fixed.shape, step, found.centre):
        return None
    shown = [
        each - np.nan_to_num(offset)[found.rings] for each, offset in zip(values, found.offsets, strict=True)
    ]
    if at_rest(shown[0], shown[1], masks[0] & masks[1]):
        return None
    (rings, sectors), left = _rings(fixed.shape, 1, found.centre), []
    for image, levels, area in zip((fixed, moving), ranges, (first, second), strict=True):
        offsets = np.nan_to_num(_offsets(levels.relative(image), area.mask, rings, sectors))
        exact = np.result_type(image.dtype, np.float32)  # that holds the steps of integers
        left.append((image - levels.span * offsets[rings]).astype(exact))
    return left[0], left[1]


@dataclass(frozen=True)
class _Shared:
    """Rings of two images about one centre."""

    centre: float  # px beside that of the image, along both axes
    rings: Integers  # (H, W)
    offsets: tuple[Floats, ...]  # of the rings of both images, shares of their ranges
    correlation: float  # of the steps of both from ring to ring
    energy: float  # of what they have in common

    @classmethod
    def of(
        cls, values: list[Floats], masks: tuple[Mask, Mask], shape: tuple[int, ...], step: int, centre: float
    ) -> _Shared:
        """Return the rings of two images (H, W), every ``step``-th px of images of a shape."""
        rings, sectors = _examined_rings(shape, step, centre)
        offsets = tuple(
            _offsets(each, mask, rings, sectors) for each, mask in zip(values, masks, strict=True)
        )
        return cls(centre, rings, offsets, *_common_steps(*offsets))


def _common_steps(one: Floats, other: Floats) -> tuple[float, float]:
    """Return the correlation of the steps from ring to ring of two sets of offsets (N,), and their energy."""
    steps = [each[PX_APART:] - each[:-PX_APART] for each in (one, other)]
    known = np.isfinite(steps[0]) & np.isfinite(steps[1])
    first, second = (_without_outliers(each[known]) for each in steps)
    if len(first) < FEWEST_RINGS or min(first.std(), second.std()) < 1e-9:
        return 0.0, 0.0
    correlation = float(np.corrcoef(first, second)[0, 1])
    return correlation, correlation * float(first.std() * second.std())


def _are_all_around(
    values: list[Floats], masks: tuple[Mask, Mask], shape: tuple[int, ...], step: int, centre: float
) -> bool:
    """Return whether one image has in every other sector the rings that the other image has between them.

    A specimen that hardly moves gives both images the same steps, but in the same sectors.
    """
    rings, sectors = _examined_rings(shape, step, centre)
    even = sectors % 2 == 0
    for one, other in ((even, ~even), (~even, even)):
        offsets = (
            _offsets(each, mask & half, rings, sectors)
            for each, mask, half in zip(values, masks, (one, other), strict=True)
        )
        if _common_steps(*offsets)[0] < SHARED:
            return False
    return True


@lru_cache(maxsize=8)
def _examined_rings(shape: tuple[int, ...], step: int, centre: float) -> tuple[Integers, Integers]:
    """Return the rings and sectors of the px that are examined; cached."""
    return _rings(shape, step, centre)


def _rings(shape: tuple[int, ...], step: int, centre: float) -> tuple[Integers, Integers]:
    """Return ring and sector of every ``step``-th px of an image: its polar coordinates about a centre.

    Radii are in ``RING_PX``, angles in parts of a turn.
    """
    middle = image_center(shape)
    x, y = (np.arange(0, side, step) - at - centre for side, at in zip(shape[::-1], middle, strict=True))
    rings: Integers = (np.hypot(x[None], y[:, None]) / RING_PX).astype(np.intp)
    turns = np.arctan2(y[:, None], x[None]) / (2 * np.pi) + 0.5
    sectors: Integers = np.minimum((turns * SECTORS).astype(np.intp), SECTORS - 1)
    return rings, sectors


def _without_outliers(steps: Floats) -> Floats:
    """Return steps (N,) limited to ``OUTLIER`` robust standard deviations: an edge is one large step."""
    reach = OUTLIER * 1.4826 * float(np.median(np.abs(steps))) if len(steps) else 0.0
    limited: Floats = np.clip(steps, -reach, reach)
    return limited


def _offsets(values: Floats, mask: Mask, rings: Integers, sectors: Integers) -> Floats:
    """Return the offset of each ring less what changes slowly with the radius; NaN of rings of few px."""
    parts = rings * SECTORS + sectors
    used, shown = (parts.ravel(), values.ravel()) if mask.all() else (parts[mask], values[mask])
    count = int(rings.max()) + 1
    counts = np.bincount(used, minlength=count * SECTORS).reshape(count, SECTORS).astype(np.float64)
    sums = np.bincount(used, shown, count * SECTORS).reshape(count, SECTORS)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    enough = (counts.sum(1) >= LEAST_PX) & (np.count_nonzero(counts, axis=1) >= FEWEST_SECTORS)
    middle = np.zeros(count)
    middle[enough] = np.nanmedian(means[enough], axis=1)
    broad, share = (
        ndimage.gaussian_filter1d(each, BROAD_PX / RING_PX) for each in (middle, enough.astype(np.float64))
    )
    offsets: Floats = np.where(enough, middle - broad / np.maximum(share, 1e-9), np.nan)
    return offsets
