"""The hypothesis grid of the coarse search, and the peaks of its scores."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from xebra.arrays import Floats, Integers, Mask, Matrix, Number
from xebra.transform import AffineTransform, SimilarityTransform

UNSEARCHED_SCORE = -100.0  # score of transforms outside the grid or with too little overlap
PEAK_DISTANCE_PX = 10.0  # of the view: peaks of adjacent hypotheses nearer than this are one peak
HYPOTHESES_PER_PEAK = 9  # adjacent in angle and scale, in which one peak may appear


@dataclass(frozen=True)
class SearchGrid:
    """The transforms to which the scores (H, n + 1, n + 1) of the search belong.

    H = angles * scales hypotheses, the scale varying fastest; then rows and columns of the shift in cells.
    """

    size: int  # px of the view
    cells: int  # n: cells along a side of the correlated feature maps
    angles: int
    scales: int

    @property
    def log_scales(self) -> Floats:
        """Log of the scales (scales,) of the grid, from -log 2 to log 2."""
        return np.linspace(-math.log(2), math.log(2), self.scales)

    def transform(self, angle: float, scale: float, shift: Floats) -> Matrix:
        """Return the 3 x 3 moving_from_fixed in view px for an angle, scale (steps) and shift (cells)."""
        center = ((self.size - 1) / 2,) * 2
        x, y = -shift * self.size / self.cells
        step = 2 * math.log(2) / (self.scales - 1)
        log_scale, radians = scale * step - math.log(2), 2 * math.pi * angle / self.angles
        return np.linalg.inv(SimilarityTransform(math.exp(log_scale), radians, (x, y), center).matrix)

    def position(self, moving_from_fixed: Matrix) -> tuple[float, float, Floats]:
        """Return the grid position angle, scale (steps), shift (cells) of a 3 x 3 in view px.

        An affine transform has that of its similarity.
        """
        center = ((self.size - 1) / 2,) * 2
        found = AffineTransform.from_matrix(np.linalg.inv(moving_from_fixed), center)
        step = 2 * math.log(2) / (self.scales - 1)
        shift = -np.array(found.translation) * self.cells / self.size
        return found.angle / (2 * math.pi) * self.angles, (math.log(found.scale) + math.log(2)) / step, shift

    def score_near(self, scores: Floats, moving_from_fixed: Matrix) -> float:
        """Return the highest of the scores (H, n + 1, n + 1) within one grid step of a 3 x 3 in view px."""
        angle, scale, shift = self.position(moving_from_fixed)
        column, row = (np.round(shift) + self.cells / 2).astype(int)
        angles = np.arange(2) + math.floor(angle)
        scales = np.arange(2) + math.floor(scale)
        scales = scales[(scales >= 0) & (scales < self.scales)]
        adjacent = (angles[:, None] % self.angles * self.scales + scales).ravel()
        values = scores[adjacent][(slice(None), *_neighbourhood(row, column))]
        return float(values.max(initial=UNSEARCHED_SCORE))


@dataclass(frozen=True)
class Peak:
    """A local maximum of the search's scores."""

    moving_from_fixed: Matrix  # 3 x 3, px of the search's view
    score: float


def find_peaks(
    scores: Floats,
    grid: SearchGrid,
    count: int,
    max_log_scale: float | None = None,
    upright: bool = False,
) -> list[Peak]:
    """Return the ``count`` highest peaks of scores (H, n + 1, n + 1) that are distinct, highest first.

    One angle and scale may have peaks at several shifts. ``max_log_scale`` bounds abs(log scale).
    ``upright``: at angle 0 only.
    """
    highest = np.where(_allowed(grid, max_log_scale, upright), scores.max((1, 2)), -np.inf)
    floor = np.sort(highest)[-min(count * HYPOTHESES_PER_PEAK, int(np.isfinite(highest).sum()))]
    floors = np.where(np.isfinite(highest), floor, np.inf)[:, None, None]
    places = _local_maxima(scores, np.argwhere(scores >= floors))
    min_distance = PEAK_DISTANCE_PX * grid.cells / grid.size
    kept = np.zeros((0, 3), int)
    for place in places[np.argsort(-scores[tuple(places.T)], kind="stable")]:
        if len(kept) == count:
            break
        distances = np.hypot(*(kept - place)[:, 1:].T)
        if not (_are_adjacent(grid, kept[:, 0], place[0]) & (distances < min_distance)).any():
            kept = np.vstack([kept, place])
    return [_interpolate_peak(scores, grid, *place) for place in kept.tolist()]


def _local_maxima(scores: Floats, places: Integers) -> Integers:
    """Return those places (K, 3), hypothesis, row and column, with no higher score in their 3 x 3 shifts."""
    hypothesis, row, column = places.T
    last = scores.shape[1] - 1
    steps = np.arange(-1, 2)
    rows, columns = (np.clip(place[:, None] + steps, 0, last) for place in (row, column))
    around = scores[hypothesis[:, None, None], rows[:, :, None], columns[:, None, :]]
    kept: Integers = places[scores[hypothesis, row, column] >= around.max((1, 2))]
    return kept


def _are_adjacent(grid: SearchGrid, hypotheses: Integers, other: int) -> Mask:
    """Return which hypotheses (K,) are at most one step of angle and of scale from another."""
    (angle, scale), (other_angle, other_scale) = (
        np.divmod(hypotheses, grid.scales),
        divmod(other, grid.scales),
    )
    difference = np.abs((angle - other_angle + grid.angles // 2) % grid.angles - grid.angles // 2)
    adjacent: Mask = (difference <= 1) & (np.abs(scale - other_scale) <= 1)
    return adjacent


def _neighbourhood(row: int, column: int) -> tuple[slice, slice]:
    """Return the slices of rows and columns within one cell."""
    rows, columns = (slice(max(0, place - 1), max(0, place + 2)) for place in (row, column))
    return rows, columns


def _allowed(grid: SearchGrid, max_log_scale: float | None, upright: bool) -> Mask:
    """Return which hypotheses (H,) are within the limit of scale, and of angle 0 where they must be."""
    limit = np.inf if max_log_scale is None else max_log_scale + 1e-6
    near = np.tile(np.abs(grid.log_scales) <= limit, grid.angles)
    angles = np.repeat(np.arange(grid.angles), grid.scales)
    allowed: Mask = near & (angles == 0) if upright else near
    return allowed


def _interpolate_peak(scores: Floats, grid: SearchGrid, hypothesis: int, row: int, column: int) -> Peak:
    """Return a peak at sub-step precision, by parabolas through the adjacent scores of each axis."""
    angle, scale = divmod(hypothesis, grid.scales)

    def highest(angle: int, scale: int) -> Number:
        plane = scores[(angle % grid.angles) * grid.scales + scale]
        best: Number = plane[_neighbourhood(row, column)].max()
        return best

    here = highest(angle, scale)
    fine_angle = angle + parabola_vertex(highest(angle - 1, scale), here, highest(angle + 1, scale))
    fine_scale = float(scale)
    if 0 < scale < grid.scales - 1:
        fine_scale += parabola_vertex(highest(angle, scale - 1), here, highest(angle, scale + 1))
    plane = scores[hypothesis]
    shift = np.array([column, row]) - (len(plane) - 1) / 2
    if 0 < column < len(plane) - 1:
        shift[0] += parabola_vertex(*plane[row, column - 1 : column + 2])
    if 0 < row < len(plane) - 1:
        shift[1] += parabola_vertex(*plane[row - 1 : row + 2, column])
    return Peak(grid.transform(fine_angle, fine_scale, shift), float(plane[row, column]))


def parabola_vertex(before: Number, here: Number, after: Number) -> float:
    """Return the offset of the maximum of the parabola through three samples, -0.5 to 0.5; 0 without one."""
    curvature = 2 * here - before - after
    return float(np.clip((after - before) / (2 * curvature), -0.5, 0.5)) if curvature > 1e-6 else 0.0
