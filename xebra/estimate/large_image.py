"""Grey values of images too large to be held as floating point: binned as a whole, or windows of their px."""

from __future__ import annotations

import math

import numpy as np

from xebra.arrays import Floats, Mask, Matrix, Pixels
from xebra.estimate.resampling import bin_by_two, sample, sampling_step, source_window
from xebra.image import Image, display_range, gray_rows, luminance
from xebra.usable_area.filling import filled

MAX_SIDE = 4096  # px: a larger image is held binned to no more than this
STRIP_PX = 1 << 22  # of an image that are converted at once


def binning(shape: tuple[int, ...]) -> int:
    """Return the log2 of the binning at which an image of a shape is held; 0: as it is."""
    return max(0, math.ceil(math.log2(max(shape[:2]) / MAX_SIDE)))


class LargeImage:
    """An image whose pixels stay in their own type; ``mask`` (H, W) bool is True where they may be used."""

    def __init__(self, image: Image, mask: Mask | None):
        self._pixels, self._mask = image.pixels, mask
        self.shape = image.shape[:2]
        self._range = display_range(image.pixels, mask)

    def binned(self, times: int) -> tuple[Floats, Mask | None]:
        """Return the means over usable px of blocks of 2 ** ``times`` px, and which blocks have any."""
        side = 2**times
        rows = max(side, STRIP_PX // self.shape[1] // side * side)
        size = tuple(-(-length // side) for length in self.shape)
        values, usable = np.empty(size, np.float32), None if self._mask is None else np.empty(size, bool)
        for top in range(0, self.shape[0], rows):
            means, shares = self._binned_rows(top, min(top + rows, self.shape[0]), times)
            part = slice(top // side, top // side + len(means))
            values[part] = means
            if usable is not None:
                usable[part] = shares > 0
        return (values, None) if usable is None else (filled(values, usable), usable)

    def _binned_rows(self, top: int, bottom: int, times: int) -> tuple[Floats, Floats]:
        """Return the means of blocks of some rows, and the shares of usable px."""
        low, high = self._range
        values = _from(luminance(self._pixels[top:bottom]), low)
        np.clip(values, 0, high - low, out=values)
        weights = values
        if self._mask is not None:
            weights = self._mask[top:bottom].astype(np.float32)
            values *= weights
        for _ in range(times):
            values = bin_by_two(values)
            weights = values if self._mask is None else bin_by_two(weights)
        if self._mask is not None:
            values /= np.maximum(weights, 1e-6)
        return values / np.float32((high - low) or 1.0), weights

    def values(self, image_from_view: Matrix, shape: tuple[int, int]) -> Floats:
        """Return the values of a view of ``shape`` from the px that it spans, binned to about its px."""
        times = max(0, round(math.log2(max(sampling_step(image_from_view), 1.0))))
        side = 2**times
        border = side * (2 + math.ceil(sampling_step(image_from_view) / side / 2))
        first, last = source_window(image_from_view, shape, self.shape, border)
        size = np.array(self.shape[::-1])
        first = np.clip(first, 0, size - 1) // side * side
        last = np.clip(last, first + 1, size)
        window = self._window(slice(first[1], last[1]), slice(first[0], last[0]))
        for _ in range(times):
            window = bin_by_two(window)
        offset = first + (side - 1) / 2
        image_from_window = np.array([[side, 0, offset[0]], [0, side, offset[1]], [0, 0, 1.0]])
        window_from_view = np.linalg.inv(image_from_window) @ image_from_view
        return sample(window, window_from_view, shape, 1 + math.ceil(sampling_step(window_from_view) / 2))

    def _window(self, rows: slice, columns: slice) -> Floats:
        """Return the values of a part of the image; px that are not usable are filled from around them."""
        values = gray_rows(self._pixels[rows, columns], *self._range)
        return values if self._mask is None else filled(values, self._mask[rows, columns])


def _from(values: Pixels, low: float) -> Floats:
    """Return values above a level as float32, the level subtracted first where float32 has too few digits."""
    if values.dtype.kind == "f":
        return np.nan_to_num(values - low, nan=0.0, posinf=0.0, neginf=0.0).astype(np.float32)
    if values.dtype.itemsize > 2:
        return (values - low).astype(np.float32)
    return values.astype(np.float32) - np.float32(low)
