"""Image pyramids by 2 x 2 binning, and resampled square views with a coverage mask."""

from __future__ import annotations

import math
from copy import copy
from typing import TypeAlias

import numpy as np
from PIL import Image as Pillow
from scipy import ndimage

from xebra.arrays import Floats, Integers, Mask, Matrix
from xebra.image import Image, gray
from xebra.transform import homogeneous_corners
from xebra.usable_area.filling import filled, without_narrow_gaps

MIN_SIDE = 48  # px: an image is not binned below this
ViewSize: TypeAlias = int | tuple[int, int]  # side of a square view, or rows and columns
MAX_SIGMA = 8.0  # px of a level: more costs time and changes nothing that the coarser levels do not show


class ImagePyramid:
    """An image at its own resolution and binned by 2, 4, 8...; levels are computed on first use.

    ``mask`` (H, W) bool is True where pixels may be used; None: everywhere.
    """

    def __init__(self, image: Image, mask: Mask | None = None):
        self.shape = image.shape[:2]
        values = image.gray if mask is None else filled(gray(image.pixels, mask), mask)
        self._levels = [np.ascontiguousarray(values, dtype=np.float32)]
        self._mask_levels = None if mask is None else [without_narrow_gaps(mask).astype(np.float32)]
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
        mask, image_from_level = _level(self._mask_levels, sampling_step(image_from_view))
        usable = sample(mask, np.linalg.inv(image_from_level) @ image_from_view, view_shape(size), border=2)
        return np.minimum(inside, np.clip(usable, 0, 1))

    def mask_level(self, step: float) -> Floats | None:
        """Return the share of usable px at the level of about ``step`` px; None: all px are usable."""
        return None if self._mask_levels is None else _level(self._mask_levels, step)[0]

    def values(self, image_from_view: Matrix, size: ViewSize) -> Floats:
        """Return the values (rows, columns) of a view; px that are not usable are filled from around them."""
        pixels, image_from_level = self.level(sampling_step(image_from_view))
        level_from_view = np.linalg.inv(image_from_level) @ image_from_view
        if pixels.shape == view_shape(size) and np.allclose(level_from_view, np.eye(3), atol=1e-9):
            return pixels
        border = 1 + math.ceil(sampling_step(level_from_view) / 2)
        return sample(pixels, level_from_view, view_shape(size), border)

    def level(self, step: float) -> tuple[Floats, Matrix]:
        """Return the level of about ``step`` px, and the 3 x 3 from its px to those of the image."""
        pixels, image_from_level = _level(self._levels, step)
        if not self._sigma:
            return pixels, image_from_level
        if pixels.shape not in self._smoothed:
            sigma = min(self._sigma / image_from_level[0, 0], MAX_SIGMA)
            self._smoothed[pixels.shape] = ndimage.gaussian_filter(pixels, sigma)
        return self._smoothed[pixels.shape], image_from_level


def _level(levels: list[Floats], step: float) -> tuple[Floats, Matrix]:
    """Return the level of about ``step`` px and the 3 x 3 from its px; missing levels are appended."""
    wanted = max(0, round(math.log2(max(step, 1.0))))
    while len(levels) <= wanted and min(levels[-1].shape) >= 2 * MIN_SIDE:
        levels.append(_bin_by_two(levels[-1]))
    index = min(wanted, len(levels) - 1)
    bin_px = 2**index
    offset = (bin_px - 1) / 2
    return levels[index], np.array([[bin_px, 0, offset], [0, bin_px, offset], [0, 0, 1.0]])


def sample(pixels: Floats, pixels_from_view: Matrix, shape: tuple[int, int], border: int = 0) -> Floats:
    """Return ``pixels`` (H, W) float32 on a view of ``shape`` (rows, columns), by bilinear interpolation.

    Edge values extend by half a px and by ``border`` px more; values beyond are 0.
    """
    (left, top), (right, bottom) = _source_window(pixels_from_view, shape, pixels.shape, border)
    rows, columns = np.arange(top, bottom), np.arange(left, right)
    if top < 0 or left < 0 or bottom > pixels.shape[0] or right > pixels.shape[1]:
        part = pixels.take(rows, 0, mode="clip").take(columns, 1, mode="clip")
    else:
        part = pixels[top:bottom, left:right]
    linear = pixels_from_view[:2, :2]
    # Pillow's coordinates start at the corner of a px.
    start = pixels_from_view[:2, 2] - (left, top) + 0.5 - linear.sum(1) / 2
    coefficients = (*linear[0], start[0], *linear[1], start[1])
    sampled = Pillow.fromarray(np.ascontiguousarray(part)).transform(
        shape[::-1], Pillow.Transform.AFFINE, coefficients, Pillow.Resampling.BILINEAR
    )
    return np.asarray(sampled)


def _source_window(
    matrix: Matrix, shape: tuple[int, int], source_shape: tuple[int, ...], border: int
) -> tuple[Integers, Integers]:
    """Return the first px (x, y) of the source that a view needs, and one past the last."""
    reached = (homogeneous_corners(shape) @ matrix.T)[:, :2]
    size = np.array(source_shape[::-1])
    first = np.clip(np.floor(reached.min(0)).astype(int) - 1, -border, size + border - 1)
    return first, np.clip(np.ceil(reached.max(0)).astype(int) + 2, first + 1, size + border)


def sampling_step(matrix: Matrix) -> float:
    """Return how many source px one px of a view spans, for a 3 x 3 source_from_view."""
    return math.sqrt(abs(np.linalg.det(matrix[:2, :2])))


def _bin_by_two(pixels: Floats) -> Floats:
    """Return the means over 2 x 2 px; an odd last row or column is repeated."""
    rows, columns = (-(-side // 2) * 2 for side in pixels.shape)
    missing = [(0, rows - pixels.shape[0]), (0, columns - pixels.shape[1])]
    even = np.pad(pixels, missing, mode="edge") if np.any(missing) else pixels  # np.pad always copies
    sums: Floats = even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]
    return sums * np.float32(0.25)


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
