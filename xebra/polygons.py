"""Polygons in px of an image, in the form of GeoJSON, and the pixels inside of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from xebra.arrays import Mask

Ring = Sequence[tuple[float, float]]  # points (x, y), the last one equal to the first
Polygon = Sequence[Ring]  # the outer ring, then those of holes
LARGEST = 1e6  # px: coordinates beyond are a mistake
LEAST_POINTS = 4  # of a ring: a triangle, closed


def polygon_of(geometry: Any) -> list[list[tuple[float, float]]]:
    """Return the rings of a GeoJSON Polygon; raise ValueError where it is none.

    >>> polygon_of({"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9], [0, 0]]]})
    [[(0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 0.0)]]
    """
    if not isinstance(geometry, dict) or geometry.get("type") != "Polygon":
        raise ValueError('a shape must be a GeoJSON Polygon: {"type": "Polygon", "coordinates": [...]}')
    rings = geometry.get("coordinates")
    if not isinstance(rings, list | tuple) or not rings:
        raise ValueError("a polygon needs at least one ring of points")
    return [_ring(ring) for ring in rings]


def rectangle(left: float, top: float, right: float, bottom: float) -> dict[str, Any]:
    """Return the GeoJSON Polygon of a rectangle.

    >>> rectangle(0, 10, 4, 12)["coordinates"]
    [[[0, 10], [4, 10], [4, 12], [0, 12], [0, 10]]]
    """
    corners = [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]
    return {"type": "Polygon", "coordinates": [corners]}


def inside(polygons: Iterable[Polygon], shape: tuple[int, ...]) -> Mask:
    """Return the pixels (H, W) bool whose centres lie inside of a polygon and of none of its holes."""
    found = np.zeros(shape[:2], bool)
    for polygon in polygons:
        found |= _inside_one(polygon, shape)
    return found


def bounds(polygon: Polygon) -> tuple[float, float, float, float]:
    """Return the least x and y and the largest x and y of a polygon."""
    points = np.array(polygon[0])
    return (*points.min(0).tolist(), *points.max(0).tolist())


def _inside_one(polygon: Polygon, shape: tuple[int, ...]) -> Mask:
    """Return the pixels with an odd number of edges to their left (the even-odd rule)."""
    crossed = np.zeros((shape[0], shape[1] + 1), np.uint8)
    for ring in polygon:
        points = np.asarray(ring, float)
        for one, other in pairwise(points):
            low, high = sorted((one, other), key=lambda point: float(point[1]))
            first, end = (min(max(math.ceil(y), 0), shape[0]) for y in (low[1], high[1]))
            rows = np.arange(first, end)
            if rows.size:
                x = low[0] + (rows - low[1]) * (high[0] - low[0]) / (high[1] - low[1])
                crossed[rows, np.clip(np.ceil(x), 0, shape[1]).astype(int)] ^= 1
    return np.bitwise_xor.accumulate(crossed[:, :-1], axis=1).view(bool)


def _ring(points: Any) -> list[tuple[float, float]]:
    try:
        ring = [(float(x), float(y)) for x, y in points]
    except (TypeError, ValueError):
        raise ValueError("a ring must be a list of points [x, y] in px") from None
    if not all(abs(value) <= LARGEST for point in ring for value in point):
        raise ValueError(f"coordinates must be px of the image, from {-LARGEST:.0f} to {LARGEST:.0f}")
    if len(ring) < LEAST_POINTS or ring[0] != ring[-1]:
        raise ValueError("a ring must have at least 4 points, and its last point must equal its first")
    return ring
