"""The usable area of one image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from xebra.usable_area.bars import data_bars
from xebra.usable_area.frames import frame
from xebra.usable_area.graphics import rectangles
from xebra.usable_area.levels import GreyRange, lines_off_range
from xebra.usable_area.lines import constant_lines

EXAMINED_PX = 512  # a larger image is examined on every k-th of its pixels
LEAST_LEVELS = 8  # with fewer, the image is a label map whose constant areas are the specimen
LEAST_AREA = 0.05  # of the image: what leaves less usable is not excluded

DETECTORS = (
    ("data bar", data_bars, True),  # name, detector, whether it works on every k-th pixel
    ("detector gap", constant_lines, False),
    ("frame", frame, True),
    ("graphics", rectangles, True),
)


@dataclass(frozen=True, eq=False)
class UsableArea:
    """``mask`` (H, W) bool, True where pixels may be used, and the names of what it excludes."""

    mask: np.ndarray
    excluded: tuple[str, ...] = ()

    def without(self, part: np.ndarray, name: str) -> UsableArea:
        """Return the area without a part (H, W); the area itself where next to nothing would be left."""
        rest = self.mask & ~part
        if np.count_nonzero(rest) < LEAST_AREA * rest.size or not (self.mask & part).any():
            return self
        return UsableArea(rest, tuple(dict.fromkeys((*self.excluded, name))))


def usable_area(pixels: np.ndarray) -> UsableArea:
    """Return the usable area of grey values (H, W) of any real type.

    Excludes values that are not finite, detector lines and gaps, data bars,
    constant frames around a convex field of view, and filled rectangles at the lowest or highest level.
    """
    area = _finite(pixels)
    step = -(-max(pixels.shape) // EXAMINED_PX)
    levels = GreyRange.of(pixels, area.mask)
    lines = lines_off_range(pixels, area.mask, levels)
    if lines is not None:
        area = area.without(lines, "detector gap")
        levels = GreyRange.of(pixels, area.mask)
    if levels.span <= 0 or levels.count < LEAST_LEVELS:
        return area
    coarse = pixels[::step, ::step].astype(np.float32)
    for name, detector, on_coarse in DETECTORS:
        if on_coarse:
            part = detector(coarse, area.mask[::step, ::step], levels.tolerance)
            part = None if part is None else enlarged(part, step, pixels.shape)
        else:
            part = detector(pixels, area.mask, levels.tolerance)
        if part is not None:
            area = area.without(part, name)
    return area


def enlarged(part: np.ndarray, step: int, shape: tuple[int, ...]) -> np.ndarray:
    """Return a mask that was found on every ``step``-th pixel as a mask (H, W) that covers it."""
    if step == 1:
        return part
    grown = ndimage.binary_dilation(part)
    return np.repeat(np.repeat(grown, step, 0), step, 1)[: shape[0], : shape[1]]


def _finite(pixels: np.ndarray) -> UsableArea:
    if pixels.dtype.kind != "f":
        return UsableArea(np.ones(pixels.shape, bool))
    finite = np.isfinite(pixels)
    return UsableArea(finite, () if finite.all() else ("not finite",))
