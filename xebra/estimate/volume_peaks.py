"""Peaks of scores over angle, scale and position."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xebra.arrays import Floats, Integers
from xebra.estimate.search_peaks import parabola_vertex

LEAST_SCORE = -1e3  # lower scores mark what is not scored
CONSIDERED = 64  # local maxima for each peak that is wanted


@dataclass(frozen=True)
class VolumePeak:
    """A local maximum; angle and scale in steps, row and column in cells, at sub-step precision."""

    angle: float
    scale: float
    row: float
    column: float
    score: float


def volume_peaks(scores: Floats, count: int, min_distance: float) -> list[VolumePeak]:
    """Return the ``count`` highest distinct peaks of scores (angles, scales, rows, columns), highest first.

    Peaks of adjacent angles and scales that are nearer than ``min_distance`` cells count as one.
    """
    places = _local_maxima(scores, count * CONSIDERED)
    kept: list[Integers] = []
    for place in places:
        if len(kept) == count:
            break
        if not any(_is_same(place, other, len(scores), min_distance) for other in kept):
            kept.append(place)
    return [_interpolated(scores, *map(int, place)) for place in kept]


def _local_maxima(scores: Floats, count: int) -> Integers:
    """Return the places (K, 4) of the highest local maxima over rows and columns, highest first."""
    padded = np.pad(scores, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    along = np.maximum(np.maximum(padded[:, :, :-2], padded[:, :, 1:-1]), padded[:, :, 2:])
    highest = np.maximum(np.maximum(along[..., :-2], along[..., 1:-1]), along[..., 2:])
    flat = np.flatnonzero((scores >= highest) & (scores > LEAST_SCORE))
    values = scores.ravel()[flat]
    if len(flat) > count:
        best = np.argpartition(-values, count)[:count]
        flat, values = flat[best], values[best]
    ordered = flat[np.argsort(-values, kind="stable")]
    return np.stack(np.unravel_index(ordered, scores.shape), 1)


def _is_same(one: Integers, other: Integers, angles: int, min_distance: float) -> bool:
    """Return whether two places are adjacent in angle and scale and near each other."""
    turned = abs((one[0] - other[0] + angles // 2) % angles - angles // 2)
    near = np.hypot(*(one - other)[2:]) < min_distance
    return bool(turned <= 1 and abs(one[1] - other[1]) <= 1 and near)


def _interpolated(scores: Floats, angle: int, scale: int, row: int, column: int) -> VolumePeak:
    """Return a peak at sub-step precision, by parabolas through the adjacent scores of each axis."""
    angles, scales, rows, columns = scores.shape

    def highest(a: int, s: int) -> float:
        near = scores[a % angles, s, max(0, row - 1) : row + 2, max(0, column - 1) : column + 2]
        return float(near.max())

    here = float(scores[angle, scale, row, column])
    plane = scores[angle, scale]
    turned = parabola_vertex(highest(angle - 1, scale), here, highest(angle + 1, scale))
    scaled = moved_row = moved_column = 0.0
    if 0 < scale < scales - 1:
        scaled = parabola_vertex(highest(angle, scale - 1), here, highest(angle, scale + 1))
    if 0 < row < rows - 1 and min(plane[row - 1, column], plane[row + 1, column]) > LEAST_SCORE:
        moved_row = parabola_vertex(*plane[row - 1 : row + 2, column])
    if 0 < column < columns - 1 and min(plane[row, column - 1], plane[row, column + 1]) > LEAST_SCORE:
        moved_column = parabola_vertex(*plane[row, column - 1 : column + 2])
    return VolumePeak(angle + turned, scale + scaled, row + moved_row, column + moved_column, here)
