"""Values for pixels that are not used: binning and interpolation mix nothing foreign into the specimen."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from xebra.arrays import Floats, Integers, Mask

NARROW = 0.012  # of the longer side: narrower gaps are filled and count as usable in views


def filled(values: Floats, mask: Mask) -> Floats:
    """Return values (H, W) float32 with means of their surroundings where the mask is False.

    Means over 2 x 2 px are taken until every block has a usable pixel, and put back from coarse to fine
    (Gortler et al., The Lumigraph, SIGGRAPH 1996: pull and push).
    """
    if mask.all() or not mask.any():
        return values
    weight = mask.astype(np.float32)
    known = np.where(mask, values, 0).astype(np.float32)
    sums, counts = _block_sums(known), _block_sums(weight)
    coarse = filled(sums / np.maximum(counts, 1), counts > 0)
    spread = np.repeat(np.repeat(coarse, 2, 0), 2, 1)[: values.shape[0], : values.shape[1]]
    return np.where(mask, values, spread).astype(np.float32)


def without_narrow_gaps(mask: Mask) -> Mask:
    """Return a mask (H, W) bool whose narrow gaps (hot pixels, thin lines) are closed."""
    size = 2 * max(2, round(NARROW * max(mask.shape) / 2)) + 1
    grown: Integers = ndimage.maximum_filter(mask.view(np.uint8), size, mode="nearest")
    return ndimage.minimum_filter(grown, size, mode="nearest").view(bool)


def _block_sums(values: Floats) -> Floats:
    rows, columns = (-(-side // 2) * 2 for side in values.shape)
    even = np.pad(values, [(0, rows - values.shape[0]), (0, columns - values.shape[1])])
    sums: Floats = even.reshape(rows // 2, 2, columns // 2, 2).sum((1, 3))
    return sums
