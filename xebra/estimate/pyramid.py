"""Search, refine: hypotheses over all turns and scales, then closer and closer looks at the best of them."""

from __future__ import annotations

import math
from copy import copy
from dataclasses import dataclass

import numpy as np

from xebra.engine import Engine
from xebra.estimate.displacement import Evidence, matrix
from xebra.estimate.hypotheses import SearchGrid, peaks
from xebra.estimate.views import Viewed
from xebra.image import Image, luminance
from xebra.transform import SimilarityTransform, image_center
from xebra.usable_area import usable_areas

NEAR_DEG = (0.0, -10.0, 10.0)  # turns that are looked at whatever the search says
WIDTH = 256  # px: lengths are stated for a fixed image of this side
AT_ONCE = 8  # candidates in a batch: a server takes no more than 16, and memory grows with it
STILL_PX = 1.5  # at 256: a look that moves a candidate by less is the last


@dataclass(frozen=True)
class Level:
    """One graph of the refinement: views of ``size`` px; of ``kept`` hypotheses, ``passes`` times."""

    graph: str
    size: int
    kept: int
    passes: int


@dataclass(frozen=True)
class Candidate:
    """A hypothesis and what the last look at it said."""

    moving_from_fixed: np.ndarray  # 3 x 3, image px
    score: float
    evidence: Evidence | None = None
    size: float = 0.0  # px of the view that the evidence is about, which holds the whole fixed image


class Pair:
    """Two images with the square view of the fixed one that holds it whole."""

    def __init__(self, fixed: Image, moving: Image):
        self.areas = usable_areas(luminance(fixed.pixels), luminance(moving.pixels))
        self.fixed, self.moving = (
            Viewed(image, None if area.mask.all() else area.mask)
            for image, area in zip((fixed, moving), self.areas, strict=True)
        )
        self.moving_per_fixed: float | None = None  # px, where both spacings are known
        self._whole: dict[int, np.ndarray] = {}

    def exchanged(self) -> Pair:
        """The fixed image as the moving one, and the other way round."""
        other = copy(self)
        other.fixed, other.moving = self.moving, self.fixed
        other.moving_per_fixed = self.moving_per_fixed and 1 / self.moving_per_fixed
        other._whole = {}
        return other

    def whole(self, size: int) -> np.ndarray:
        """(2, N, N): the fixed image whole; made once, since every look asks for it."""
        if size not in self._whole:
            self._whole[size] = self.fixed.view(self.square(self.fixed, size), size)
        return self._whole[size]

    def wholes(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Views of ``size`` px that hold the whole images, at one scale where that is known."""
        to_fixed = self.square(self.fixed, size)
        step = None if self.moving_per_fixed is None else to_fixed[0, 0] * self.moving_per_fixed
        return to_fixed, self.square(self.moving, size, step)

    def square(self, viewed: Viewed, size: float, step: float | None = None) -> np.ndarray:
        """3 x 3 image_from_view of a view of ``size`` px, centre on centre, that holds the whole image."""
        step = step or max(viewed.shape) / size
        x, y = ((side - 1) / 2 - step * (size - 1) / 2 for side in viewed.shape[::-1])
        return np.array([[step, 0, x], [0, step, y], [0, 0, 1.0]])


@dataclass(frozen=True)
class Searched:
    """What a search said of a pair."""

    pair: Pair
    grid: SearchGrid
    scores: np.ndarray  # (hypotheses, n + 1, n + 1)

    def best(self, count: int, scale_within: float | None = None) -> list[Candidate]:
        """Its best hypotheses, best first; ``scale_within``: only log scales as near to none as this."""
        found = peaks(self.scores, self.grid, count, scale_within)
        return [_laid(self.pair, peak.fixed_from_moving, self.grid.size, peak.score) for peak in found]

    @property
    def table(self) -> np.ndarray:
        """How well each scale and turn fits at its best shift, (scales, angles)."""
        return self.scores.max((1, 2)).reshape(self.grid.angles, self.grid.scales).T

    def near(self, candidate: Candidate) -> float:
        """The score of what was searched next to a candidate."""
        to_fixed, to_moving = self.pair.wholes(self.grid.size)
        moving_from_fixed = np.linalg.inv(to_moving) @ candidate.moving_from_fixed @ to_fixed
        return self.grid.near(self.scores, np.linalg.inv(moving_from_fixed))


def searched(engine: Engine, graph: str, grid: SearchGrid, pair: Pair) -> Searched:
    """Ask a graph that searches."""
    moving = pair.moving.view(pair.wholes(grid.size)[1], grid.size)
    said = engine.run(graph, fixed=pair.whole(grid.size)[None], moving=moving[None])
    return Searched(pair, grid, said["scores"][0])


def as_they_lie(pair: Pair, size: int) -> list[Candidate]:
    """The images centre on centre, unturned and slightly turned: most pairs are brought nearly right."""
    middle = image_center((size, size))
    turns = (SimilarityTransform(1.0, math.radians(angle), (0.0, 0.0), middle).matrix for angle in NEAR_DEG)
    return [_laid(pair, turn, size, 0.0) for turn in turns]


def _laid(pair: Pair, fixed_from_moving: np.ndarray, size: int, score: float) -> Candidate:
    """A transform of px of the views that hold the whole images, as one of px of the images."""
    to_fixed, to_moving = pair.wholes(size)
    return Candidate(to_moving @ np.linalg.inv(fixed_from_moving) @ np.linalg.inv(to_fixed), score)


def refined(engine: Engine, level: Level, pair: Pair, candidate: Candidate) -> Candidate:
    """A candidate after as many closer looks as it takes until it lies still, or as the level allows."""
    for _ in range(level.passes):
        before, candidate = candidate, look(engine, level, pair, [candidate])[0]
        if apart_px(pair, before, candidate) < STILL_PX:
            break
    return candidate


def apart_px(pair: Pair, one: Candidate, other: Candidate) -> float:
    """Mean distance at the corners of the fixed image, px at 256."""
    height, width = pair.fixed.shape
    corners = np.array([[0, 0, 1], [width - 1, 0, 1], [0, height - 1, 1], [width - 1, height - 1, 1]])
    back = np.linalg.inv(one.moving_from_fixed) @ other.moving_from_fixed
    return float(np.hypot(*(corners @ back.T - corners)[:, :2].T).mean() * WIDTH / max(height, width))


def look(engine: Engine, level: Level, pair: Pair, candidates: list[Candidate]) -> list[Candidate]:
    """Each candidate one pass on."""
    starts = range(0, len(candidates), AT_ONCE)
    return [moved for i in starts for moved in _look(engine, level, pair, candidates[i : i + AT_ONCE])]


def _look(engine: Engine, level: Level, pair: Pair, candidates: list[Candidate]) -> list[Candidate]:
    size = level.size
    to_fixed, here = pair.square(pair.fixed, size), pair.whole(size)
    there = np.stack([pair.moving.view(c.moving_from_fixed @ to_fixed, size) for c in candidates])
    said = engine.run(level.graph, fixed=np.broadcast_to(here, there.shape).copy(), moving=there)
    return [_moved(candidate, evidence_of(said, i), to_fixed, size) for i, candidate in enumerate(candidates)]


def _moved(candidate: Candidate, evidence: Evidence, to_fixed: np.ndarray, size: int) -> Candidate:
    """A candidate where new evidence wants it."""
    step = matrix(evidence.displacement + evidence.step(size), size)
    moved = candidate.moving_from_fixed @ to_fixed @ step @ np.linalg.inv(to_fixed)
    return Candidate(moved, evidence.score, evidence, size)


def evidence_of(said: dict[str, np.ndarray], member: int) -> Evidence:
    """What a refinement's graph said about one member of a batch."""
    displacement, gradient, information = (
        said[name][member].astype(float) for name in ("displacement", "gradient", "information")
    )
    score = said["score"].reshape(-1)[member]  # a Triton server gives each score an axis of its own
    return Evidence(displacement, gradient, information, float(score), said["block_correlation"][member])
