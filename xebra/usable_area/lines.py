"""Detector gaps and empty borders: lines of one level through the whole image, with signal beside them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from xebra.arrays import Floats, Mask, Pixels

WIDEST = 0.05  # of the lines
FEWEST = 3  # lines that may be empty in an image of any size
DETAIL = 0.5  # of the lines beside them that may have the same level


def constant_lines(pixels: Pixels, mask: Mask, tolerance: float) -> Mask | None:
    """Return rows and columns of one level in grey values (H, W), with a margin of 1 px, or None."""
    found = np.zeros(pixels.shape, bool)
    for values, usable, result in ((pixels, mask, found), (pixels.T, mask.T, found.T)):
        for first, end in _constant_runs(values, usable, tolerance):
            beside = [line for line in (first - 1, end) if 0 <= line < len(values)]
            level = float(values[first][usable[first]][0])
            if max(_share(values[line], usable[line], level, tolerance) for line in beside) < DETAIL:
                result[max(0, first - 1) : end + 1] = True
    return found if found.any() else None


def _constant_runs(values: Floats, usable: Mask, tolerance: float) -> list[tuple[int, int]]:
    """Return the first line and the line after the last one of each run of constant lines (H, W)."""
    if usable.all():
        low, high = values.min(1), values.max(1)
    else:
        low = values.min(1, where=usable, initial=values.max())
        high = values.max(1, where=usable, initial=values.min())
    constant = (high >= low) & (high.astype(np.float64) - low <= tolerance)
    bounds = np.flatnonzero(np.diff(np.pad(constant, 1).astype(np.int8)))
    widest = max(FEWEST, int(WIDEST * len(values)))
    return [(a, b) for a, b in list(pairwise(bounds.tolist()))[::2] if b - a <= widest]


def _share(line: Floats, usable: Mask, level: float, tolerance: float) -> float:
    """Return the share of a line (K,) that has a level; 0 where none of it is usable."""
    values = line[usable].astype(np.float64)
    return float((np.abs(values - level) <= tolerance).mean()) if values.size else 0.0
