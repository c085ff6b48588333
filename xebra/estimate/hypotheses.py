"""From the search's scores to the few hypotheses that are worth a closer look."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from xebra.transform import SimilarityTransform

UNHEARD_OF = -100.0  # a score for what the search does not try, or where too little overlaps to tell
NEAR_PX = 10.0  # of the view: peaks nearer than this, of neighbouring hypotheses, are one peak
NEIGHBOURS = 9  # hypotheses that a peak may show in: a step of turn and of scale either way


@dataclass(frozen=True)
class SearchGrid:
    """What the search's scores (H, n + 1, n + 1) stand for."""

    size: int  # px of the view
    cells: int  # n: along a side of the maps that are laid on each other
    angles: int
    scales: int

    @property
    def log_scales(self) -> np.ndarray:
        return np.linspace(-math.log(2), math.log(2), self.scales)

    def similarity(self, angle: float, scale: float, shift: np.ndarray) -> np.ndarray:
        """3 x 3 fixed_from_moving in px of the view: steps of angle and scale, shift (x, y) in cells."""
        middle = ((self.size - 1) / 2,) * 2
        x, y = -shift * self.size / self.cells
        step = 2 * math.log(2) / (self.scales - 1)
        log_scale, turn = scale * step - math.log(2), 2 * math.pi * angle / self.angles
        return SimilarityTransform(math.exp(log_scale), turn, (x, y), middle).matrix

    def steps(self, fixed_from_moving: np.ndarray) -> tuple[float, float, np.ndarray]:
        """What ``similarity`` takes, of a 3 x 3 in px of the view."""
        found = SimilarityTransform.from_matrix(fixed_from_moving, ((self.size - 1) / 2,) * 2)
        step = 2 * math.log(2) / (self.scales - 1)
        shift = -np.array(found.translation) * self.cells / self.size
        return found.angle / (2 * math.pi) * self.angles, (math.log(found.scale) + math.log(2)) / step, shift

    def near(self, scores: np.ndarray, fixed_from_moving: np.ndarray) -> float:
        """Of scores (H, n + 1, n + 1) the best of the hypotheses on either side of a 3 x 3, a cell around."""
        angle, scale, shift = self.steps(fixed_from_moving)
        column, row = (np.round(shift) + self.cells / 2).astype(int)
        angles = np.arange(2) + math.floor(angle)
        scales = np.arange(2) + math.floor(scale)
        scales = scales[(scales >= 0) & (scales < self.scales)]
        which = (angles[:, None] % self.angles * self.scales + scales).ravel()
        return float(scores[which][(slice(None), *_around(row, column))].max(initial=UNHEARD_OF))


@dataclass(frozen=True)
class Peak:
    """One hypothesis: fixed_from_moving (3 x 3) in px of the search's view, and its score."""

    fixed_from_moving: np.ndarray
    score: float


def peaks(scores: np.ndarray, grid: SearchGrid, count: int, scale_within: float | None = None) -> list[Peak]:
    """The ``count`` best hypotheses that are not neighbours of better ones, best first.

    One turn and scale may fit in several places. ``scale_within``: only log scales as far as this from none.
    """
    best = np.where(_allowed(grid, scale_within), scores.max((1, 2)), -np.inf)
    floor = np.sort(best)[-min(count * NEIGHBOURS, int(np.isfinite(best).sum()))]
    places = _tops(scores, np.argwhere(scores >= np.where(np.isfinite(best), floor, np.inf)[:, None, None]))
    near = NEAR_PX * grid.cells / grid.size
    kept = np.zeros((0, 3), int)
    for place in places[np.argsort(-scores[tuple(places.T)], kind="stable")]:
        if len(kept) == count:
            break
        apart = np.hypot(*(kept - place)[:, 1:].T)
        if not (_neighbours(grid, kept[:, 0], place[0]) & (apart < near)).any():
            kept = np.vstack([kept, place])
    return [_between(scores, grid, *place) for place in kept.tolist()]


def _tops(scores: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Those of places (K, 3), hypothesis, row and column, beside which none fits better."""
    hypothesis, row, column = places.T
    last = scores.shape[1] - 1
    steps = np.arange(-1, 2)
    rows, columns = (np.clip(place[:, None] + steps, 0, last) for place in (row, column))
    around = scores[hypothesis[:, None, None], rows[:, :, None], columns[:, None, :]]
    return places[scores[hypothesis, row, column] >= around.max((1, 2))]


def _neighbours(grid: SearchGrid, these: np.ndarray, other: int) -> np.ndarray:
    """Which of some hypotheses (K,) are at most a step of turn and of scale from another."""
    (angle, scale), (other_angle, other_scale) = np.divmod(these, grid.scales), divmod(other, grid.scales)
    turned = np.abs((angle - other_angle + grid.angles // 2) % grid.angles - grid.angles // 2)
    return (turned <= 1) & (np.abs(scale - other_scale) <= 1)


def _around(row: int, column: int) -> tuple[slice, slice]:
    return tuple(slice(max(0, place - 1), max(0, place + 2)) for place in (row, column))


def _allowed(grid: SearchGrid, scale_within: float | None) -> np.ndarray:
    near = np.abs(grid.log_scales) <= (np.inf if scale_within is None else scale_within)
    return np.tile(near, grid.angles)


def _between(scores: np.ndarray, grid: SearchGrid, hypothesis: int, row: int, column: int) -> Peak:
    """A peak put between the steps of the grid, by parabolas through its neighbours."""
    angle, scale = divmod(hypothesis, grid.scales)

    def fits(angle: int, scale: int) -> float:
        return scores[(angle % grid.angles) * grid.scales + scale][_around(row, column)].max()

    here = fits(angle, scale)
    turned = angle + vertex(fits(angle - 1, scale), here, fits(angle + 1, scale))
    scaled = float(scale)
    if 0 < scale < grid.scales - 1:
        scaled += vertex(fits(angle, scale - 1), here, fits(angle, scale + 1))
    plane = scores[hypothesis]
    shift = np.array([column, row]) - (len(plane) - 1) / 2
    if 0 < column < len(plane) - 1:
        shift[0] += vertex(*plane[row, column - 1 : column + 2])
    if 0 < row < len(plane) - 1:
        shift[1] += vertex(*plane[row - 1 : row + 2, column])
    return Peak(grid.similarity(turned, scaled, shift), float(plane[row, column]))


def vertex(before: float, here: float, after: float) -> float:
    """Where the parabola through three neighbours has its top, -0.5 to 0.5; 0 where it has none."""
    bend = 2 * here - before - after
    return float(np.clip((after - before) / (2 * bend), -0.5, 0.5)) if bend > 1e-6 else 0.0
