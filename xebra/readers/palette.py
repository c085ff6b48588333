"""Images that are stored as indices into a table of colours."""

from __future__ import annotations

import numpy as np

from xebra.arrays import Pixels

MAX_LEVELS = 32  # a map of phases or classes has fewer colours, a photograph more
LUMINANCE = np.array([0.299, 0.587, 0.114])  # of red, green and blue, ITU-R BT.601


def looked_up(indices: Pixels, table: Pixels) -> Pixels:
    """Return what indices (H, W) into a table (N, 3) of colours stand for.

    A table of grays gives gray values, in 8 bit where the table has no more. A few colours, which mark phases
    or classes, give evenly spaced levels (H, W) uint8 in the order of their luminance: colours of equal
    brightness stay apart. Many colours give the colours themselves, (H, W, 3).
    """
    table = _in_8_bit(np.asarray(table))
    indices = np.minimum(indices, len(table) - 1)  # damaged files
    used = table[np.unique(indices)]
    if (used == used[:, :1]).all():
        grays: Pixels = table[:, 0][indices]
        return grays
    colours = np.unique(used, axis=0)
    if len(colours) <= MAX_LEVELS:
        levels: Pixels = _levels(table, colours)[indices]
        return levels
    seen: Pixels = table[indices]
    return seen


def _levels(table: Pixels, colours: Pixels) -> Pixels:
    """Return a level for each entry of the table that is among ``colours``, equal for equal colours."""
    order = np.lexsort((*colours.T, colours @ LUMINANCE))
    levels = np.rint(np.linspace(0, 255, len(colours))).astype(np.uint8)
    by_colour = {tuple(colours[n]): level for n, level in zip(order, levels, strict=True)}
    return np.array([by_colour.get(tuple(colour), 0) for colour in table], np.uint8)


def _in_8_bit(table: Pixels) -> Pixels:
    """TIFF's tables have 16 bits; most hold 8-bit values, times 257 or times 256."""
    if table.dtype == np.uint8:
        return table
    if (table % 257 == 0).all() or (table % 256 == 0).all():
        return (table >> 8).astype(np.uint8)
    return table
