"""Resampling of the moving image on the fixed image's grid through a field, in tiles to limit memory."""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

from xebra.arrays import Floats, Mask, Matrix, Pixels
from xebra.field.displacement_field import DisplacementField
from xebra.resample import EDGE, ORDERS, SMOOTH_FROM, TILE, Interpolation, Order, as_dtype, binned, tiles
from xebra.transform import map_points

Tile = tuple[slice, slice]


def resample_through(
    pixels: Pixels,
    field: DisplacementField,
    shape: tuple[int, ...],
    interpolation: Interpolation = "linear",
    pixels_from_moving: Matrix | None = None,
) -> Pixels:
    """Return ``pixels`` (H, W) or (H, W, C) on the fixed image's grid of ``shape``, dtype kept, 0 outside.

    ``pixels_from_moving``: 3 x 3, of a channel that has other pixels than the moving image. Where a fixed
    pixel covers several others they are averaged, except by "nearest".
    """
    channel = np.eye(3) if pixels_from_moving is None else pixels_from_moving
    linear = (channel @ field.moving_from_fixed)[:2, :2]
    ratio = math.sqrt(abs(np.linalg.det(linear)))
    order = ORDERS[interpolation]
    layers, step = binned(pixels, int(ratio // 2) if order else 1)
    rest = ratio / step
    if order and rest > SMOOTH_FROM:
        sigma = math.sqrt(rest**2 - 1) / 2
        around = [sigma, sigma, *(0.0 for _ in pixels.shape[2:])]
        layers = ndimage.gaussian_filter(layers.astype(np.float64), around, mode="nearest")
    result = np.zeros((*shape, *pixels.shape[2:]), pixels.dtype)
    for tile in tiles(shape, TILE):
        points = map_points(channel, moving_points(field, tile))
        inside = _inside(points, pixels.shape)
        if inside.any():
            places = (points[..., ::-1] - (step - 1) / 2) / step
            values = _interpolated(layers, places, order)
            values[~inside] = 0
            result[tile] = as_dtype(values, pixels.dtype)
    return result


def coverage_through(moving_shape: tuple[int, ...], field: DisplacementField, shape: tuple[int, ...]) -> Mask:
    """Return the mask (H, W) of fixed pixels whose centre lies on a pixel of the moving image."""
    result = np.zeros(shape, bool)
    for tile in tiles(shape, TILE):
        result[tile] = _inside(moving_points(field, tile), moving_shape)
    return result


def moving_points(field: DisplacementField, tile: Tile) -> Floats:
    """Return the points (rows, columns, 2) of the moving image under the pixels of a tile."""
    ys, xs = (np.arange(part.start, part.stop, dtype=float) for part in tile)
    displaced = field.displacement(xs, ys)
    displaced[..., 0] += xs
    displaced[..., 1] += ys[:, None]
    return map_points(field.moving_from_fixed, displaced)


def _inside(points: Floats, shape: tuple[int, ...]) -> Mask:
    """Return which points (..., 2) lie within the outer edges of an image's pixels."""
    low, high = -EDGE, np.array([shape[1], shape[0]]) - 1 + EDGE
    inside: Mask = np.asarray(((points >= low) & (points <= high)).all(-1))
    return inside


def _interpolated(layers: Pixels, places: Floats, order: Order) -> Floats:
    """Return values at (row, column) places (rows, columns, 2) of each channel, edge values extended."""
    result = np.empty((*places.shape[:2], *layers.shape[2:]))
    for channel in np.ndindex(layers.shape[2:]):
        layer = layers[(..., *channel)].astype(np.float64)
        rows, columns = places[..., 0], places[..., 1]
        result[(..., *channel)] = ndimage.map_coordinates(layer, (rows, columns), order=order, mode="nearest")
    return result
