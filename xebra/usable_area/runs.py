"""Masks as run lengths, the form in which results hold them."""

from __future__ import annotations

import numpy as np

from xebra.arrays import Mask


def runs_of(mask: Mask) -> list[int]:
    """Return the lengths of the runs of a mask (H, W) bool, row after row, starting with a run of True.

    >>> runs_of(np.array([[False, True], [True, True]]))
    [0, 1, 3]
    """
    flat = mask.ravel()
    bounds = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    lengths = np.diff(np.concatenate([[0], bounds, [flat.size]])).tolist()
    return lengths if flat[0] else [0, *lengths]


def mask_of(runs: list[int], shape: tuple[int, ...]) -> Mask:
    """Return the mask (H, W) bool whose run lengths are ``runs``; raise ValueError where they do not fill it.

    >>> mask_of([0, 1, 3], (2, 2)).tolist()
    [[False, True], [True, True]]
    """
    if sum(runs) != shape[0] * shape[1] or min(runs, default=0) < 0:
        raise ValueError(f"the run lengths add up to {sum(runs)} px, not to {shape[1]} x {shape[0]} px")
    return np.repeat(np.arange(len(runs)) % 2 == 0, runs).reshape(shape[:2])
