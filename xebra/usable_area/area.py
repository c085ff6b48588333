"""The usable area of one image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import ndimage

from xebra.arrays import Mask, Pixels
from xebra.usable_area.bars import data_bars
from xebra.usable_area.frames import frame
from xebra.usable_area.graphics import rectangles
from xebra.usable_area.levels import GreyRange, lines_off_range
from xebra.usable_area.lines import constant_lines
from xebra.usable_area.runs import mask_of, runs_of

EXAMINED_PX = 512  # a larger image is examined on every k-th of its pixels
LEAST_LEVELS = 8  # with fewer, the image is a label map whose constant areas are the specimen
LEAST_AREA = 0.05  # of the image: what leaves less usable is not excluded

DETECTORS = {  # each with whether it works on every k-th pixel
    "data bar": (data_bars, True),
    "detector gap": (constant_lines, False),
    "frame": (frame, True),
    "graphics": (rectangles, True),
}
FAINT = 4.0  # times as fine as of the whole image: the tolerance of a specimen that is dwarfed


@dataclass(frozen=True, eq=False)
class UsableArea:
    """``mask`` (H, W) bool, True where pixels may be used; what it excludes, as shares of the image."""

    mask: Mask
    shares: dict[str, float] = field(default_factory=dict)

    @property
    def excluded(self) -> tuple[str, ...]:
        """Return the names of what is excluded, in the order in which it was found."""
        return tuple(self.shares)

    def without(self, part: Mask, name: str) -> UsableArea:
        """Return the area without a part (H, W); the area itself where next to nothing would be left."""
        rest = self.mask & ~part
        if np.count_nonzero(rest) < LEAST_AREA * rest.size or not (self.mask & part).any():
            return self
        share = float((self.mask & part).mean()) + self.shares.get(name, 0.0)
        return UsableArea(rest, {**self.shares, name: share})

    def to_json(self, pixels: Pixels) -> dict[str, Any]:
        """Return the JSON form: run lengths of the mask, and what is excluded.

        Pixels (H, W, ...) that are not finite are left out of the runs, since there may be very many of them.
        """
        excluded = [{"name": name, "share": share} for name, share in self.shares.items()]
        return {"runs": runs_of(self.mask | ~finite(pixels)), "excluded": excluded}

    @classmethod
    def from_json(cls, body: dict[str, Any], pixels: Pixels) -> UsableArea:
        """Return the area of an image with pixels (H, W, ...) whose ``to_json`` was ``body``."""
        mask = mask_of(body["runs"], pixels.shape) & finite(pixels)
        return cls(mask, {part["name"]: part["share"] for part in body["excluded"]})


def usable_area(pixels: Pixels, mask: Mask | None = None) -> UsableArea:
    """Return the usable area of grey values (H, W) of any real type, inside of a mask (H, W) if given.

    Excludes values that are not finite, detector lines and gaps, data bars,
    constant frames around a convex field of view, and filled rectangles at the lowest or highest level.
    """
    area = _finite(pixels) if mask is None else given_area(pixels, mask)
    levels = GreyRange.of(pixels, area.mask)
    lines = lines_off_range(pixels, area.mask, levels)
    central = GreyRange.of_centre(pixels, area.mask)
    dwarfed = 0 < FAINT * central.tolerance < levels.tolerance
    if dwarfed or lines is not None:
        area = _without_dwarfing(pixels, area, central if dwarfed else levels)
        levels = GreyRange.of(pixels, area.mask)
    if lines is not None:
        area = area.without(lines, "detector gap")
        levels = GreyRange.of(pixels, area.mask)
    if levels.span <= 0 or levels.count < LEAST_LEVELS:
        return area
    for name in DETECTORS:
        area = _examined(pixels, area, levels, name)
    return area


def _without_dwarfing(pixels: Pixels, area: UsableArea, levels: GreyRange) -> UsableArea:
    """Return the area of grey values (H, W) without bars and boxes whose text lies far outside of ``levels``.

    Such text would widen the range of the image until the specimen and a bar's background were one level.
    """
    area = _examined(pixels, area, levels, "data bar")
    near = UsableArea(area.mask & ~levels.far(pixels))
    boxes = ~_examined(pixels, near, levels, "graphics").mask & near.mask
    return area.without(ndimage.binary_fill_holes(boxes), "graphics") if boxes.any() else area


def _examined(pixels: Pixels, area: UsableArea, levels: GreyRange, name: str) -> UsableArea:
    """Return the area of grey values (H, W) without what the detector of a name finds."""
    detector, on_coarse = DETECTORS[name]
    if not on_coarse:
        part = detector(pixels, area.mask, levels.tolerance)
        return area if part is None else area.without(part, name)
    step = -(-max(pixels.shape) // EXAMINED_PX)
    coarse = pixels[::step, ::step].astype(np.float32)
    part = detector(coarse, area.mask[::step, ::step], levels.tolerance)
    return area if part is None else area.without(enlarged(part, step, pixels.shape), name)


def enlarged(part: Mask, step: int, shape: tuple[int, ...]) -> Mask:
    """Return a mask that was found on every ``step``-th pixel as a mask (H, W) that covers it."""
    if step == 1:
        return part
    grown = ndimage.binary_dilation(part)
    return np.repeat(np.repeat(grown, step, 0), step, 1)[: shape[0], : shape[1]]


def given_area(pixels: Pixels, mask: Mask) -> UsableArea:
    """Return the usable area of grey values (H, W) that a mask allows, without those not finite."""
    area = _finite(pixels)
    outside = float((area.mask & ~mask).mean())
    return UsableArea(area.mask & mask, {**area.shares, **({"given mask": outside} if outside else {})})


def of_large(coarse: UsableArea, step: int, pixels: Pixels, mask: Mask | None, searched: bool) -> UsableArea:
    """Return the area of grey values (H, W) whose every ``step``-th px has the usable area ``coarse``.

    ``mask`` (H, W): the area that was given for it. ``searched``: more than that was excluded.
    """
    if step == 1:
        return coarse
    parts = [] if mask is None else [mask]
    if searched and not coarse.mask.all():
        parts.append(
            np.repeat(np.repeat(coarse.mask, step, 0), step, 1)[: pixels.shape[0], : pixels.shape[1]]
        )
    if pixels.dtype.kind == "f" or not parts:
        parts.append(finite(pixels))
    whole = parts[0] if len(parts) == 1 else np.logical_and.reduce(parts)  # a copy takes 0.3 GiB at 16k
    return UsableArea(whole, coarse.shares)


def finite(pixels: Pixels) -> Mask:
    """Return where values (H, W) or (H, W, channels) are finite, alpha ignored, as a mask (H, W)."""
    if pixels.dtype.kind != "f":
        return np.broadcast_to(np.True_, pixels.shape[:2])  # takes no memory
    every: Mask = np.isfinite(pixels)
    return every if pixels.ndim == 2 else np.all(every[..., :3], -1)


def _finite(pixels: Pixels) -> UsableArea:
    mask = finite(pixels)
    return UsableArea(mask, {} if mask.all() else {"not finite": float((~mask).mean())})
