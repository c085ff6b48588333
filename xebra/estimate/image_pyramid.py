"""Image pyramids by 2 x 2 binning, and resampled square views with a coverage mask."""

from __future__ import annotations

import math
from copy import copy
from typing import TypeAlias

import numpy as np
from scipy import ndimage

from xebra.arrays import Floats, Mask, Matrix
from xebra.estimate.large_image import LargeImage, binning
from xebra.estimate.resampling import bin_by_two, sample, sampling_step
from xebra.image import Image, gray
from xebra.usable_area.filling import filled, without_narrow_gaps

MIN_SIDE = 48  # px: an image is not binned below this
ViewSize: TypeAlias = int | tuple[int, int]  # side of a square view, or rows and columns
MAX_SIGMA = 8.0  # px of a level: more costs time and changes nothing that the coarser levels do not show


class ImagePyramid:
    """An image at its own resolution and binned by 2, 4, 8...; levels are computed on first use.

    Finer levels than one of 4096 px are not held: views of large images are sampled from their own pixels.

    ``mask`` (H, W) bool is True where pixels may be used; None: everywhere.
    """

    def __init__(self, image: Image, mask: Mask | None = None):
        self.shape = image.shape[:2]
        self._binning = binning(self.shape)  # log2, of the first level
        self._large = LargeImage(image, mask) if self._binning else None
        if self._large is not None:
            values, usable = self._large.binned(self._binning)
        else:
            values, usable = image.gray if mask is None else filled(gray(image.pixels, mask), mask), mask
        self._levels = [np.ascontiguousarray(values, dtype=np.float32)]
        self._mask_levels = None if usable is None else [without_narrow_gaps(usable).astype(np.float32)]
        self._sigma = 0.0
        self._smoothed: dict[tuple[int, ...], Floats] = {}

    def smoothed(self, sigma: float) -> ImagePyramid:
        """Return the pyramid smoothed by a Gaussian of ``sigma`` px of the image, at most 8 px of a level."""
        other = copy(self)
        other._sigma, other._smoothed = sigma, {}
        return other

    def view(self, image_from_view: Matrix, size: ViewSize) -> Floats:
        """Return the view (2, rows, columns) float32 through a 3 x 3 of view px: values and coverage.

        ``size``: (rows, columns), or the side of a square view.
        Coverage is 1 inside the usable area and 0 outside; values are 0 outside.
        """
        inside = self.coverage(image_from_view, size)
        return np.stack([self.values(image_from_view, size) * inside, inside])

    def coverage(self, image_from_view: Matrix, size: ViewSize) -> Floats:
        """Return how far each px of a view (rows, columns) lies in the usable area, 0 to 1."""
        inside = coverage_mask(self.shape, image_from_view, size)
        if self._mask_levels is None:
            return inside
        mask, image_from_level = _level(self._mask_levels, sampling_step(image_from_view), self._binning)
        usable = sample(mask, np.linalg.inv(image_from_level) @ image_from_view, view_shape(size), border=2)
        return np.minimum(inside, np.clip(usable, 0, 1))

    def mask_level(self, step: float) -> Floats | None:
        """Return the share of usable px at the level of about ``step`` px; None: all px are usable."""
        return None if self._mask_levels is None else _level(self._mask_levels, step, self._binning)[0]

    def values(self, image_from_view: Matrix, size: ViewSize) -> Floats:
        """Return the values (rows, columns) of a view; px that are not usable are filled from around them."""
        step = sampling_step(image_from_view)
        if self._large is not None and not self._sigma and _octave(step) < self._binning:
            return self._large.values(image_from_view, view_shape(size))
        pixels, image_from_level = self.level(step)
        level_from_view = np.linalg.inv(image_from_level) @ image_from_view
        if pixels.shape == view_shape(size) and np.allclose(level_from_view, np.eye(3), atol=1e-9):
            return pixels
        border = 1 + math.ceil(sampling_step(level_from_view) / 2)
        return sample(pixels, level_from_view, view_shape(size), border)

    def level(self, step: float) -> tuple[Floats, Matrix]:
        """Return the level of about ``step`` px, and the 3 x 3 from its px to those of the image."""
        pixels, image_from_level = _level(self._levels, step, self._binning)
        if not self._sigma:
            return pixels, image_from_level
        if pixels.shape not in self._smoothed:
            sigma = min(self._sigma / image_from_level[0, 0], MAX_SIGMA)
            self._smoothed[pixels.shape] = ndimage.gaussian_filter(pixels, sigma)
        return self._smoothed[pixels.shape], image_from_level


def _octave(step: float) -> int:
    """Return the log2 of the binning whose px are about ``step`` px of the image."""
    return max(0, round(math.log2(max(step, 1.0))))


def _level(levels: list[Floats], step: float, first: int) -> tuple[Floats, Matrix]:
    """Return the level of about ``step`` px and the 3 x 3 from its px; missing levels are appended.

    ``first``: log2 of the binning of the first level.
    """
    wanted = max(0, _octave(step) - first)
    while len(levels) <= wanted and min(levels[-1].shape) >= 2 * MIN_SIDE:
        levels.append(bin_by_two(levels[-1]))
    index = min(wanted, len(levels) - 1)
    bin_px = 2 ** (first + index)
    offset = (bin_px - 1) / 2
    return levels[index], np.array([[bin_px, 0, offset], [0, bin_px, offset], [0, 0, 1.0]])


def view_shape(size: ViewSize) -> tuple[int, int]:
    """Return rows and columns of a view."""
    return (size, size) if isinstance(size, int) else size


def coverage_mask(shape: tuple[int, ...], image_from_view: Matrix, size: ViewSize) -> Floats:
    """Return where a view (rows, columns) lies inside an image of ``shape``: 1 inside, 0 outside.

    The mask falls linearly over one view px across the outer edges of the image.
    """
    rows, columns = (np.arange(side) for side in view_shape(size))
    outside = []  # px beyond each pair of opposite edges, negative inside
    for (x, y, start), length in zip(image_from_view[:2], (shape[1], shape[0]), strict=True):
        across, down = (
            part.astype(np.float32) for part in (x * columns + start - (length - 1) / 2, y * rows)
        )
        outside.append(np.abs(across[None, :] + down[:, None]) - np.float32(length / 2))
    inside: Floats = np.maximum(*outside) * np.float32(-1 / sampling_step(image_from_view))
    mask: Floats = np.clip(inside + np.float32(0.5), 0, 1)
    return mask
