"""Bilinear resampling of a part of an image, and binning."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image as Pillow

from xebra.arrays import Floats, Integers, Matrix
from xebra.transform import homogeneous_corners


def sample(pixels: Floats, pixels_from_view: Matrix, shape: tuple[int, int], border: int = 0) -> Floats:
    """Return ``pixels`` (H, W) float32 on a view of ``shape`` (rows, columns), by bilinear interpolation.

    Edge values extend by half a px and by ``border`` px more; values beyond are 0.
    """
    (left, top), (right, bottom) = source_window(pixels_from_view, shape, pixels.shape, border)
    rows, columns = np.arange(top, bottom), np.arange(left, right)
    if top < 0 or left < 0 or bottom > pixels.shape[0] or right > pixels.shape[1]:
        part = pixels.take(rows, 0, mode="clip").take(columns, 1, mode="clip")
    else:
        part = pixels[top:bottom, left:right]
    return _bilinear(Pillow.fromarray(np.ascontiguousarray(part)), pixels_from_view, (left, top), shape)


class Sampled:
    """Pixels (H, W) float32 that are sampled many times: copied once, not a part each time."""

    def __init__(self, pixels: Floats):
        self._image = Pillow.fromarray(np.ascontiguousarray(pixels))

    def view(self, pixels_from_view: Matrix, shape: tuple[int, int]) -> Floats:
        """Return them on a view of ``shape`` (rows, columns), as ``sample`` without a border does."""
        return _bilinear(self._image, pixels_from_view, (0, 0), shape)


def _bilinear(
    image: Pillow.Image, matrix: Matrix, corner: tuple[float, float], shape: tuple[int, int]
) -> Floats:
    """Return a view of an image whose first px is at ``corner`` (x, y) of the px that a 3 x 3 leads to."""
    linear = matrix[:2, :2]
    start = matrix[:2, 2] - corner + 0.5 - linear.sum(1) / 2  # Pillow's start at the corner of a px
    coefficients = (*linear[0], start[0], *linear[1], start[1])
    sampled = image.transform(shape[::-1], Pillow.Transform.AFFINE, coefficients, Pillow.Resampling.BILINEAR)
    return np.asarray(sampled)


def source_window(
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


def bin_by_two(pixels: Floats) -> Floats:
    """Return the means over 2 x 2 px; an odd last row or column is repeated."""
    rows, columns = (-(-side // 2) * 2 for side in pixels.shape)
    missing = [(0, rows - pixels.shape[0]), (0, columns - pixels.shape[1])]
    even = np.pad(pixels, missing, mode="edge") if np.any(missing) else pixels  # np.pad always copies
    sums: Floats = even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]
    return sums * np.float32(0.25)
