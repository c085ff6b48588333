"""From the search's scores to the few hypotheses that are worth a closer look."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from xebra.transform import SimilarityTransform

UNHEARD_OF = -100.0  # a score for what the search does not try, or where too little overlaps to tell
NEAR_PX = 16.0  # of the view: peaks nearer than this, of neighbouring hypotheses, are one peak


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
        around = (slice(max(0, place - 1), max(0, place + 2)) for place in (row, column))
        angles = np.arange(2) + math.floor(angle)
        scales = np.arange(2) + math.floor(scale)
        scales = scales[(scales >= 0) & (scales < self.scales)]
        which = (angles[:, None] % self.angles * self.scales + scales).ravel()
        return float(scores[which][(slice(None), *around)].max(initial=UNHEARD_OF))


@dataclass(frozen=True)
class Peak:
    """One hypothesis: fixed_from_moving (3 x 3) in px of the search's view, and its score."""

    fixed_from_moving: np.ndarray
    score: float


def peaks(scores: np.ndarray, grid: SearchGrid, count: int, scale_within: float | None = None) -> list[Peak]:
    """The ``count`` best hypotheses that are not neighbours of better ones, best first.

    ``scale_within``: only log scales as far as this from none.
    """
    flat = scores.reshape(len(scores), -1)
    place = flat.argmax(1)
    best = np.take_along_axis(flat, place[:, None], 1)[:, 0].astype(float)
    ranked = np.where(_allowed(grid, scale_within), best, -np.inf)
    shift = np.stack(np.divmod(place, scores.shape[2])[::-1], 1) - (scores.shape[2] - 1) / 2
    angle, scale = np.divmod(np.arange(len(scores)), grid.scales)
    near = NEAR_PX * grid.cells / grid.size
    kept: list[int] = []
    for h in np.argsort(-ranked, kind="stable"):
        if len(kept) == count or not np.isfinite(ranked[h]):
            break
        turned = np.abs((angle[kept] - angle[h] + grid.angles // 2) % grid.angles - grid.angles // 2)
        same = (turned <= 1) & (np.abs(scale[kept] - scale[h]) <= 1)
        if not (same & (np.hypot(*(shift[kept] - shift[h]).T) < near)).any():
            kept.append(int(h))
    table = best.reshape(grid.angles, grid.scales)
    return [_between(table, grid, scores[h], *divmod(h, grid.scales), shift[h]) for h in kept]


def _allowed(grid: SearchGrid, scale_within: float | None) -> np.ndarray:
    near = np.abs(grid.log_scales) <= (np.inf if scale_within is None else scale_within)
    return np.tile(near, grid.angles)


def _between(
    best: np.ndarray, grid: SearchGrid, scores: np.ndarray, angle: int, scale: int, shift: np.ndarray
) -> Peak:
    """A peak put between the steps of the grid, by parabolas through its neighbours."""
    turned = angle + vertex(
        best[angle - 1, scale], best[angle, scale], best[(angle + 1) % grid.angles, scale]
    )
    scaled = float(scale)
    if 0 < scale < grid.scales - 1:
        scaled += vertex(*best[angle, scale - 1 : scale + 2])
    column, row = (shift + (scores.shape[0] - 1) / 2).astype(int)
    moved = shift.copy()
    if 0 < column < len(scores) - 1:
        moved[0] += vertex(*scores[row, column - 1 : column + 2])
    if 0 < row < len(scores) - 1:
        moved[1] += vertex(*scores[row - 1 : row + 2, column])
    return Peak(grid.similarity(turned, scaled, moved), float(best[angle, scale]))


def vertex(before: float, here: float, after: float) -> float:
    """Where the parabola through three neighbours has its top, -0.5 to 0.5; 0 where it has none."""
    bend = 2 * here - before - after
    return float(np.clip((after - before) / (2 * bend), -0.5, 0.5)) if bend > 1e-6 else 0.0
