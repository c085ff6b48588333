"""Data bars: bands of one colour with text along an edge of the image."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from xebra.arrays import Floats, Mask, Pixels
from xebra.usable_area.levels import MARGIN, most_frequent_level

LARGEST = 0.35  # of the height or width
BACKGROUND = 0.3  # of a band's outermost lines, at least, has the colour of its background
TEXT_LINE = 0.25  # of a line of text has it, at least
SEPARATOR = 3  # lines of another colour that may interrupt a band
PURE = 0.985  # of the two lines where a band ends towards the specimen
SPECIMEN = 0.9  # of a line of the specimen, at most, has the colour of the band
STEADY = 0.12  # by how much the share of that colour may change over the first lines of the specimen


def data_bars(pixels: Pixels, mask: Mask, tolerance: float) -> Mask | None:
    """Return the data bars of grey values (H, W) as a mask, or None."""
    found = np.zeros(pixels.shape, bool)
    for values, usable, result in ((pixels, mask, found), (pixels.T, mask.T, found.T)):
        first = band_width(values, usable, tolerance)
        last = band_width(values[::-1], usable[::-1], tolerance)
        result[:first] = True
        result[len(result) - last :] = True
    return found if found.any() else None


def band_width(pixels: Pixels, mask: Mask, tolerance: float) -> int:
    """Return how many of the first lines (H, W) belong to a data bar, with a margin; 0 for none."""
    lines, width = pixels.shape
    outermost = pixels[:4][mask[:4]]
    if outermost.size < 2 * width:
        return 0
    background, share = most_frequent_level(outermost, tolerance)
    if share < BACKGROUND:
        return 0
    shares = _shares(np.abs(pixels - background) <= tolerance, mask)
    end = _last_end(shares, int(LARGEST * lines), max(6, lines // 20))
    return end + MARGIN if end >= max(4, lines // 60) else 0


def _shares(same: Mask, mask: Mask) -> Floats:
    """Return which share of the usable pixels of each line (H, W) is ``same``; 1 where none is usable."""
    if mask.all():
        shares: Floats = same.mean(1)
        return shares
    usable = mask.sum(1)
    return np.where(usable > 0, (same & mask).sum(1) / np.maximum(usable, 1), 1.0)


def _last_end(shares: Floats, limit: int, near: int) -> int:
    """Return the last line where a band may end: pure background before it, a steady specimen after it."""
    reach = min(_reach(shares, limit), limit)
    ends = [end for end in range(4, reach + 1) if shares[end - 2 : end].min() >= PURE]
    return max((end for end in ends if _specimen_follows(shares[end + 1 :], near)), default=0)


def _reach(shares: Floats, limit: int) -> int:
    """Return how many of the first lines have the background's colour, with separators between them."""
    dark = shares[: limit + 20] >= TEXT_LINE
    bridged = ndimage.binary_closing(
        np.pad(dark, SEPARATOR, constant_values=True), np.ones(SEPARATOR + 1, bool)
    )
    bridged = bridged[SEPARATOR:-SEPARATOR]
    return len(bridged) if bridged.all() else int(bridged.argmin())


def _specimen_follows(beyond: Floats, near: int) -> bool:
    """Return whether lines beyond a band are those of a specimen, and not of a round or turned field."""
    later = beyond[7:19]
    if not later.size or beyond[:near].max() > SPECIMEN:
        return False
    return bool(abs(beyond[:3].mean() - later.mean()) < STEADY)
