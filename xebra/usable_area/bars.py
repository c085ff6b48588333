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
PURE = 0.985  # of the lines where a band ends towards the specimen has one level
SPECIMEN = 0.9  # of a line of the specimen, at most, has the colour of the band
CLEARLY = 0.25  # by how much the lines of a framed band have its colour more than the specimen
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
    if np.count_nonzero(mask[:4]) < 2 * width:
        return 0
    found = {_background(pixels[:outer], mask[:outer], tolerance) for outer in (4, max(12, lines // 20))}
    end = max((_end(pixels, mask, level, tolerance) for level in found if level is not None), default=0)
    return end + MARGIN if end >= max(4, lines // 60) else 0


def _background(pixels: Pixels, mask: Mask, tolerance: float) -> float | None:
    """Return the level of the background of a band's outer lines (K, W); None where they have none.

    A frame around the band has another level: the outermost lines alone may show only that.
    """
    background, share = most_frequent_level(pixels[mask], tolerance)
    return background if share >= BACKGROUND else None


def _end(pixels: Pixels, mask: Mask, background: float, tolerance: float) -> int:
    """Return where the band of a background ends; 0 where there is none."""
    lines = len(pixels)
    shares = _shares(np.abs(pixels - background) <= tolerance, mask)
    separators = _separators(pixels, mask, background, tolerance, int(LARGEST * lines) + 20)
    return _last_end(shares, separators, int(LARGEST * lines), max(6, lines // 20))


def _separators(pixels: Pixels, mask: Mask, background: float, tolerance: float, count: int) -> Mask:
    """Return which of the first ``count`` lines (H, W) have one level throughout, not the background."""
    first, usable = pixels[:count].astype(np.float32), mask[:count]
    level = np.median(first, axis=1, keepdims=True)
    other = np.abs(level[:, 0] - background) > 2 * tolerance
    found: Mask = other & (_shares(np.abs(first - level) <= tolerance, usable) >= PURE)
    return found


def _shares(same: Mask, mask: Mask) -> Floats:
    """Return which share of the usable pixels of each line (H, W) is ``same``; 1 where none is usable."""
    if mask.all():
        shares: Floats = same.mean(1)
        return shares
    usable = mask.sum(1)
    return np.where(usable > 0, (same & mask).sum(1) / np.maximum(usable, 1), 1.0)


def _last_end(shares: Floats, separators: Mask, limit: int, near: int) -> int:
    """Return the last line where a band may end, a steady specimen after it; 0 for none.

    Before it are two lines of pure background, or one line of another level that ends a frame.
    """
    reach = min(_reach(shares, separators, limit), limit)
    ends = [end for end in range(4, reach + 1) if shares[end - 2 : end].min() >= PURE]
    ends += [
        end for end in range(4, reach + 1) if separators[end - 1] and _is_framed(shares, separators, end)
    ]
    return max((end for end in ends if _specimen_follows(shares[end + 1 :], near)), default=0)


def _is_framed(shares: Floats, separators: Mask, end: int) -> bool:
    """Return whether the lines before an end have the background's colour more than those beyond."""
    inner = shares[:end][~separators[:end]]
    return bool(inner.size and inner.mean() > shares[end + 1 : end + 13].mean() + CLEARLY)


def _reach(shares: Floats, separators: Mask, limit: int) -> int:
    """Return how many of the first lines have the background's colour, with separators between them."""
    dark = shares[: limit + 20] >= TEXT_LINE
    dark[: len(separators)] |= separators[: len(dark)]
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
