"""Resampling of the moving image on the fixed image's grid, in tiles to limit memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

import numpy as np
from scipy import ndimage

from xebra.arrays import Floats, Integers, Mask, Matrix, Pixels

Interpolation = Literal["nearest", "linear", "cubic"]
Order = Literal[0, 1, 3]  # of the splines between pixels
TILE = 1024  # px of the moving image that a tile spans, about 16 MB in float64
SMOOTH_FROM = 1.2  # moving px per fixed px from which a low-pass filter prevents aliasing
SPLINE_MARGIN = 16  # px from which a cubic spline no longer depends on a value, to 1e-9
EDGE = 0.5 + 1e-6  # px: outer edge of a pixel with a tolerance for rounding


ORDERS: dict[Interpolation, Order] = {"nearest": 0, "linear": 1, "cubic": 3}


def resample(
    pixels: Pixels,
    moving_from_fixed: Matrix,
    shape: tuple[int, ...],
    interpolation: Interpolation = "linear",
) -> Pixels:
    """Return ``pixels`` (H, W) or (H, W, C) on a grid of ``shape``, dtype kept, 0 outside.

    Where a fixed pixel covers several moving ones they are averaged to prevent aliasing, except by "nearest",
    which returns existing values only (labels). "cubic" may exceed the range of the values at edges.
    """
    order = ORDERS[interpolation]
    linear, offset = _rows_columns(moving_from_fixed)
    result = np.zeros((*shape, *pixels.shape[2:]), pixels.dtype)
    bins, step = binned(pixels, int(_pixel_ratio(linear) // 2) if order else 1)
    # Bin i is centred at pixel step * i + (step - 1) / 2.
    in_bins = linear / step, (offset - (step - 1) / 2) / step
    for tile in tiles(shape, TILE / _pixel_ratio(in_bins[0])):
        inside = _coverage_of_tile(pixels.shape, linear, offset, tile)
        if inside.any():
            values = _interpolated(bins, *in_bins, tile, order)
            values[~inside] = 0
            result[tile] = as_dtype(values, pixels.dtype)
    return result


def coverage(moving_shape: tuple[int, ...], moving_from_fixed: Matrix, shape: tuple[int, ...]) -> Mask:
    """Return the mask (H, W) of fixed pixels whose centre lies on a pixel of the moving image."""
    linear, offset = _rows_columns(moving_from_fixed)
    result = np.zeros(shape, bool)
    for tile in tiles(shape, TILE):
        result[tile] = _coverage_of_tile(moving_shape, linear, offset, tile)
    return result


def shrunk(pixels: Pixels, longest: int) -> tuple[Floats, Floats]:
    """Return ``pixels`` with at most ``longest`` px on a side, and the 3 x 3 ``pixels_from_shrunk``."""
    height, width = pixels.shape[:2]
    factor = max(height, width) / longest
    if factor <= 1:
        return pixels, np.eye(3)
    shape = max(1, round(height / factor)), max(1, round(width / factor))
    # The outer edges coincide, not the centres of the outermost pixels.
    matrix = np.array([[factor, 0, (factor - 1) / 2], [0, factor, (factor - 1) / 2], [0, 0, 1]])
    return resample(pixels, matrix, shape), matrix


def _rows_columns(matrix: Matrix) -> tuple[Floats, Floats]:
    """Return linear part and offset for (row, column) of a matrix for (x, y)."""
    return matrix[1::-1, 1::-1], matrix[1::-1, 2]


def _pixel_ratio(linear: Matrix) -> float:
    """Return how many moving pixels one fixed pixel spans along a side."""
    return math.sqrt(abs(np.linalg.det(linear)))


def tiles(shape: tuple[int, ...], side: float) -> Iterator[tuple[slice, slice]]:
    """Yield the tiles of a grid as slices of rows and columns."""
    side = max(64, int(side))
    for row in range(0, shape[0], side):
        for column in range(0, shape[1], side):
            yield slice(row, min(row + side, shape[0])), slice(column, min(column + side, shape[1]))


def binned(pixels: Pixels, step: int) -> tuple[Floats, int]:
    """Return means over bins of ``step`` x ``step`` px, smaller ones at the far edges, and the step used."""
    if step < 2:
        return pixels, 1
    starts = np.arange(0, pixels.shape[1], step)
    widths = np.diff(starts, append=pixels.shape[1]).reshape(-1, *(1,) * (pixels.ndim - 2))
    rows = (pixels[top : top + step].mean(0, dtype=np.float64) for top in range(0, len(pixels), step))
    return np.stack([np.add.reduceat(row, starts) / widths for row in rows]), step


def _coverage_of_tile(
    moving_shape: tuple[int, ...], linear: Matrix, offset: Floats, tile: tuple[slice, slice]
) -> Mask:
    """Return where a tile's pixel centres lie within the outer edges of the moving image's pixels."""
    rows, columns = np.ogrid[tile]
    inside = np.ones((rows.size, columns.size), bool)
    for size, by_axis, start in zip(moving_shape, linear, offset, strict=False):
        position = rows * by_axis[0] + columns * by_axis[1] + start
        inside &= (position >= -EDGE) & (position <= size - 1 + EDGE)
    return inside


def _interpolated(
    pixels: Pixels, linear: Matrix, offset: Floats, tile: tuple[slice, slice], order: Order = 1
) -> Floats:
    """Return a tile's values in float64, from the part of ``pixels`` under it, with edge values extended."""
    ratio = _pixel_ratio(linear)
    sigma = (
        math.sqrt(ratio**2 - 1) / 2 if order and ratio > SMOOTH_FROM else 0.0
    )  # from half a moving px to half a fixed px
    start = np.array([s.start for s in tile])
    size = np.array([s.stop - s.start for s in tile])
    margin = (SPLINE_MARGIN if order > 1 else 2) + math.ceil(4 * sigma)
    crop, origin = _source_part(pixels, linear, linear @ start + offset, size, margin)
    result = np.empty((*size, *pixels.shape[2:]))
    for channel in np.ndindex(pixels.shape[2:]):
        layer = crop[(..., *channel)].astype(np.float64)
        if sigma:
            layer = ndimage.gaussian_filter(layer, sigma, mode="nearest")
        ndimage.affine_transform(
            layer,
            linear,
            linear @ start + offset - origin,
            output_shape=tuple(size.tolist()),
            output=result[(..., *channel)],
            order=order,
            mode="nearest",
        )
    return result


def _source_part(
    pixels: Pixels, linear: Matrix, offset: Floats, size: Integers, margin: int
) -> tuple[Pixels, Integers]:
    """Return the part of ``pixels`` that a grid of ``size`` needs, and its first (row, column)."""
    corners = np.array([[0, 0], [size[0] - 1, 0], [0, size[1] - 1], size - 1]) @ linear.T + offset
    limit = np.array(pixels.shape[:2])
    low = np.clip(np.floor(corners.min(0)).astype(int) - margin, 0, limit - 1)
    high = np.clip(np.ceil(corners.max(0)).astype(int) + margin + 1, low + 1, limit)
    return pixels[low[0] : high[0], low[1] : high[1]], low


def as_dtype(values: Floats, dtype: np.dtype) -> Floats:
    """Return values as ``dtype``; integers are rounded and clipped to their range."""
    if not np.issubdtype(dtype, np.integer):
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    return np.clip(np.rint(values), limits.min, limits.max).astype(dtype)
