"""Values of the moving image on the fixed image's grid, tile by tile, so that memory stays small."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy import ndimage

TILE = 1024  # px of the moving image that one tile spans, about: some 16 MB in float64
SOFTEN_FROM = 1.2  # moving px under one fixed px, from which on fine detail would alias
# A grid that is finer than the image's own edge by rounding only must not lose the edge.
EDGE = 0.5 + 1e-6


def resample(pixels: np.ndarray, moving_from_fixed: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """``pixels`` (H, W) or (H, W, C) on a grid of ``shape``: dtype kept, bilinear, 0 outside.

    Where a fixed pixel covers several moving ones they are averaged, so that nothing aliases.
    """
    linear, offset = _rows_columns(moving_from_fixed)
    result = np.zeros((*shape, *pixels.shape[2:]), pixels.dtype)
    binned, step = _binned(pixels, int(_pixel_ratio(linear) // 2))
    # Bins sit on their own grid: bin i is centred at pixel step * i + (step - 1) / 2.
    at_bin = linear / step, (offset - (step - 1) / 2) / step
    for tile in _tiles(shape, TILE / _pixel_ratio(at_bin[0])):
        inside = _reached(pixels.shape, linear, offset, tile)
        if inside.any():
            values = _interpolated(binned, *at_bin, tile)
            values[~inside] = 0
            result[tile] = _as_dtype(values, pixels.dtype)
    return result


def coverage(
    moving_shape: tuple[int, ...], moving_from_fixed: np.ndarray, shape: tuple[int, int]
) -> np.ndarray:
    """True (H, W) where a fixed pixel's centre lies on a pixel of the moving image, edges included."""
    linear, offset = _rows_columns(moving_from_fixed)
    result = np.zeros(shape, bool)
    for tile in _tiles(shape, TILE):
        result[tile] = _reached(moving_shape, linear, offset, tile)
    return result


def shrunk(pixels: np.ndarray, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """``pixels`` with at most ``longest`` px on a side, and the 3 x 3 matrix ``pixels_from_shrunk``."""
    height, width = pixels.shape[:2]
    factor = max(height, width) / longest
    if factor <= 1:
        return pixels, np.eye(3)
    shape = max(1, round(height / factor)), max(1, round(width / factor))
    # Corners of the outermost pixels stay together, not their centres.
    matrix = np.array([[factor, 0, (factor - 1) / 2], [0, factor, (factor - 1) / 2], [0, 0, 1]])
    return resample(pixels, matrix, shape), matrix


def _rows_columns(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The (x, y) matrix as (row, column) linear part and offset: the one place where the order turns."""
    return matrix[1::-1, 1::-1], matrix[1::-1, 2]


def _pixel_ratio(linear: np.ndarray) -> float:
    """How many moving pixels one fixed pixel spans along a side."""
    return math.sqrt(abs(np.linalg.det(linear)))


def _tiles(shape: tuple[int, int], side: float) -> Iterator[tuple[slice, slice]]:
    side = max(64, int(side))
    for row in range(0, shape[0], side):
        for column in range(0, shape[1], side):
            yield slice(row, min(row + side, shape[0])), slice(column, min(column + side, shape[1]))


def _binned(pixels: np.ndarray, step: int) -> tuple[np.ndarray, int]:
    """Means over bins of ``step`` x ``step`` px, cut off at the far edges, and the step that was taken."""
    if step < 2:
        return pixels, 1
    starts = np.arange(0, pixels.shape[1], step)
    widths = np.diff(starts, append=pixels.shape[1]).reshape(-1, *(1,) * (pixels.ndim - 2))
    rows = (pixels[top : top + step].mean(0, dtype=np.float64) for top in range(0, len(pixels), step))
    return np.stack([np.add.reduceat(row, starts) / widths for row in rows]), step


def _reached(
    moving_shape: tuple[int, ...], linear: np.ndarray, offset: np.ndarray, tile: tuple[slice, slice]
) -> np.ndarray:
    """True where a tile's pixel centres lie within the outer edges of the moving image's pixels."""
    rows, columns = np.ogrid[tile]
    inside = np.ones((rows.size, columns.size), bool)
    for size, by_axis, start in zip(moving_shape, linear, offset, strict=False):
        at = rows * by_axis[0] + columns * by_axis[1] + start
        inside &= (at >= -EDGE) & (at <= size - 1 + EDGE)
    return inside


def _interpolated(
    pixels: np.ndarray, linear: np.ndarray, offset: np.ndarray, tile: tuple[slice, slice]
) -> np.ndarray:
    """A tile's values in float64, from the part of ``pixels`` under it; edge values go on beyond the edge."""
    ratio = _pixel_ratio(linear)
    sigma = math.sqrt(ratio**2 - 1) / 2 if ratio > SOFTEN_FROM else 0.0  # half a px there from half a px here
    start = np.array([s.start for s in tile])
    size = np.array([s.stop - s.start for s in tile])
    crop, origin = _under(pixels, linear, linear @ start + offset, size, margin=2 + math.ceil(4 * sigma))
    result = np.empty((*size, *pixels.shape[2:]))
    for channel in np.ndindex(pixels.shape[2:]):
        layer = crop[(..., *channel)].astype(np.float64)
        if sigma:
            layer = ndimage.gaussian_filter(layer, sigma, mode="nearest")
        ndimage.affine_transform(
            layer,
            linear,
            linear @ start + offset - origin,
            output_shape=tuple(size),
            output=result[(..., *channel)],
            order=1,
            mode="nearest",
        )
    return result


def _under(
    pixels: np.ndarray, linear: np.ndarray, offset: np.ndarray, size: np.ndarray, margin: int
) -> tuple[np.ndarray, np.ndarray]:
    """The part of ``pixels`` that a grid of ``size`` touches, and the (row, column) where it starts."""
    corners = np.array([[0, 0], [size[0] - 1, 0], [0, size[1] - 1], size - 1]) @ linear.T + offset
    limit = np.array(pixels.shape[:2])
    low = np.clip(np.floor(corners.min(0)).astype(int) - margin, 0, limit - 1)
    high = np.clip(np.ceil(corners.max(0)).astype(int) + margin + 1, low + 1, limit)
    return pixels[low[0] : high[0], low[1] : high[1]], low


def _as_dtype(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Integers are rounded, and kept within what they can hold."""
    if not np.issubdtype(dtype, np.integer):
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    return np.clip(np.rint(values), limits.min, limits.max).astype(dtype)
