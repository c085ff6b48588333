"""Grey levels: the robust range of an image, its most frequent level, and values far outside the range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from xebra.arrays import Floats, Mask, Pixels

FLAT = 0.002  # of the robust range: values that differ by less are one level
COARSEST = (
    0.005  # of the range: where levels are that coarse at most, half a step between them is one level too
)
FAR = 4.0  # robust ranges beyond the percentiles: such values are no signal
CENTRE = 0.36  # of the height and width along each edge: a data bar is no wider
SAMPLE = 16384  # pixels that percentiles are taken of
ISOLATED = 2.0  # ranges of the other values: how far a level lies from them that is no signal
LEAST_SIGNAL_LEVELS = 8  # below, each level may be signal
LINE_PX = 7  # length of a run of pixels that counts as a detector line or gap
FEWEST = 16  # pixels of such lines
MARGIN = 2  # px around an excluded part, where resampling or the detector has mixed it with the specimen
SQUARE = np.ones((3, 3), bool)


@dataclass(frozen=True)
class GreyRange:
    """The 1st and 99th percentile of usable values; how many levels a sample has, and their least step."""

    low: float
    high: float
    count: int
    step: float = 0.0

    @property
    def span(self) -> float:
        """Return the distance of the percentiles."""
        return self.high - self.low

    @property
    def tolerance(self) -> float:
        """Return by how much values of one level may differ; a dark frame of integers varies by a step."""
        return max(FLAT * self.span, min(0.6 * self.step, COARSEST * self.span))

    @classmethod
    def of(cls, pixels: Pixels, mask: Mask) -> GreyRange:
        """Return the range of values (H, W) under a mask, by a regular sample of them."""
        step = max(1, int(np.sqrt(pixels.size / SAMPLE)))
        values = pixels[::step, ::step][mask[::step, ::step]]
        if not values.size:
            values = pixels[mask] if mask.any() else np.zeros(1)
        values = _without_isolated_extremes(np.sort(values).astype(np.float64))
        low, high = values[int(0.01 * len(values))], values[int(0.99 * (len(values) - 1))]
        if high <= low:
            low, high = values[0], values[-1]
        steps = np.diff(values)
        steps = steps[steps > 0]
        return cls(
            float(low), float(high), 1 + len(steps), float(steps.min(initial=np.inf)) if len(steps) else 0.0
        )

    @classmethod
    def of_centre(cls, pixels: Pixels, mask: Mask) -> GreyRange:
        """Return the range of the central part of values (H, W), which no data bar and no border reaches."""
        centre = tuple(slice(int(CENTRE * side), side - int(CENTRE * side)) for side in pixels.shape)
        return cls.of(pixels[centre], mask[centre])

    def far(self, pixels: Pixels) -> Mask:
        """Return where values (H, W) lie so far outside the range that they are no signal, as a mask."""
        reach = FAR * max(self.span, 1e-12)
        with np.errstate(invalid="ignore"):
            return (pixels > self.high + reach) | (pixels < self.low - reach)

    def relative(self, pixels: Pixels) -> Floats:
        """Return values as float32 shares of the range, limited to -0.5 to 1.5; not finite ones as 0."""
        shares = (pixels - self.low) / max(self.span, 1e-12)
        return np.clip(np.nan_to_num(shares, nan=0.0), -0.5, 1.5).astype(np.float32)


def _without_isolated_extremes(ordered: Floats) -> Floats:
    """Return sorted values without a lowest or highest level that lies far from all others."""
    starts = np.flatnonzero(np.concatenate([[True], np.diff(ordered) != 0]))
    levels, counts = ordered[starts], np.diff(starts, append=len(ordered))
    if len(levels) < LEAST_SIGNAL_LEVELS:
        return ordered
    first = counts[0] if levels[1] - levels[0] > ISOLATED * (levels[-2] - levels[1]) else 0
    last = counts[-1] if levels[-1] - levels[-2] > ISOLATED * (levels[-2] - levels[1]) else 0
    return ordered[first : len(ordered) - last]


def most_frequent_level(values: Floats, tolerance: float) -> tuple[float, float]:
    """Return the level that most of some values (K,) lie at, within a tolerance, and their share."""
    ordered = np.sort(values)
    ahead = np.searchsorted(ordered, ordered + 2 * tolerance, side="right") - np.arange(len(ordered))
    start = int(ahead.argmax())
    return float(ordered[start + (ahead[start] - 1) // 2]), float(ahead[start] / len(ordered))


def lines_off_range(pixels: Pixels, mask: Mask, levels: GreyRange) -> Mask | None:
    """Return detector gaps (H, W) at one level far outside the signal, such as 2^32 - 1, or None."""
    far = mask & levels.far(pixels)
    if np.count_nonzero(far) < FEWEST:
        return None
    lines = ndimage.binary_opening(far, np.ones((1, LINE_PX), bool)) | ndimage.binary_opening(
        far, np.ones((LINE_PX, 1), bool)
    )
    if not FEWEST <= np.count_nonzero(lines) <= pixels.size / 2:
        return None
    if most_frequent_level(pixels[lines].astype(np.float64), FLAT * max(levels.span, 1e-12))[1] < 0.9:
        return None  # bright detail has many levels
    return ndimage.binary_dilation(lines, SQUARE, iterations=MARGIN)


def constant_px(pixels: Pixels) -> Mask:
    """Return which pixels of an image (H, W) have the value of all their neighbours.

    Examples:
        >>> constant_px(np.array([[1, 1, 1, 0], [1, 1, 1, 0], [1, 1, 1, 0]])).astype(int)
        array([[0, 0, 0, 0],
               [0, 1, 0, 0],
               [0, 0, 0, 0]])
    """
    rows, columns = pixels[1:] == pixels[:-1], pixels[:, 1:] == pixels[:, :-1]
    across = columns[:, 1:] & columns[:, :-1]
    inner = across[:-2] & across[1:-1] & across[2:] & (rows[1:] & rows[:-1])[:, 1:-1]
    result: Mask = np.pad(inner, 1)
    return result
