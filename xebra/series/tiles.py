"""Square tiles of an image, and how a change of pose moves the px of each."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from xebra.arrays import Floats

TILES = 16  # along the longer side
SMALLEST = 8  # px of a side


def side_of(shape: tuple[int, int]) -> int:
    """Return the px along a side of a tile of an image (rows, columns)."""
    return max(SMALLEST, -(-max(shape) // TILES))


def tiled(layers: Floats) -> Floats:
    """Return layers (k, h, w) as (tiles, k, px of a tile); incomplete tiles are left out."""
    side = side_of(layers.shape[1:])
    rows, columns = layers.shape[1] // side, layers.shape[2] // side
    part = layers[:, : rows * side, : columns * side]
    blocks = part.reshape(-1, rows, side, columns, side).transpose(1, 3, 0, 2, 4)
    result: Floats = np.ascontiguousarray(blocks).reshape(rows * columns, len(layers), -1)
    return result


def derivatives(dx: Floats, dy: Floats, count: int, radius: float) -> list[Floats]:
    """Return the derivatives of an image by the ``count`` parameters of a pose, from those by x and y."""
    height, width = np.broadcast_shapes(dx.shape, dy.shape)
    x = ((np.arange(width, dtype=np.float32) - (width - 1) / 2) / np.float32(radius))[None]
    y = ((np.arange(height, dtype=np.float32) - (height - 1) / 2) / np.float32(radius))[:, None]
    pairs = ((dy, x, dx, -y), (dx, x, dy, y), (dx, x, dy, -y), (dx, y, dy, x))
    return [dx, dy, *(a * b + c * d for a, b, c, d in pairs[: count - 2])]


@lru_cache(maxsize=4)
def squared_motion(shape: tuple[int, int], count: int, radius: float) -> tuple[Floats, Floats]:
    """Return the products (tiles, count, count) of how parameters move the px of each tile along x and y."""
    one, none = np.ones(shape, np.float32), np.zeros(shape, np.float32)
    along = []
    for dx, dy in ((one, none), (none, one)):
        layers = tiled(np.stack(derivatives(dx, dy, count, radius)))
        along.append(layers @ layers.transpose(0, 2, 1))
    return along[0], along[1]
