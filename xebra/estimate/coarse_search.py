"""The coarse search: correlation of feature maps over all angles, scales and shifts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from xebra.arrays import Floats
from xebra.engine import Engine
from xebra.estimate.image_pair import Candidate, ImagePair
from xebra.estimate.search_peaks import SearchGrid, find_peaks


@dataclass(frozen=True)
class SearchLevel:
    """A search graph and the grid of hypotheses that it scores."""

    graph: str
    grid: SearchGrid

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SearchLevel:
        """Return the level that an entry of config.json describes."""
        return cls(config["graph"], SearchGrid(*(config[n] for n in ("size", "cells", "angles", "scales"))))


@dataclass(frozen=True)
class SearchResult:
    """The scores of all hypotheses for a pair."""

    pair: ImagePair
    grid: SearchGrid
    scores: Floats  # (hypotheses, n + 1, n + 1), log odds

    def candidates(self, count: int, max_log_scale: float | None = None) -> list[Candidate]:
        """Return the ``count`` best candidates, best first; ``max_log_scale`` bounds abs(log scale)."""
        size = self.grid.size
        upright = self.pair.model == "translation"
        found = find_peaks(self.scores, self.grid, count, max_log_scale, upright)
        images = (self.pair.from_views(peak.moving_from_fixed, size) for peak in found)
        return [
            Candidate(self.pair.held(matrix), peak.score) for matrix, peak in zip(images, found, strict=True)
        ]

    @property
    def table(self) -> Floats:
        """Highest score over all shifts, (scales, angles)."""
        best: Floats = self.scores.max((1, 2))
        return best.reshape(self.grid.angles, self.grid.scales).T

    def score_near(self, candidate: Candidate) -> float:
        """Return the highest score within one grid step of a candidate."""
        fixed_from_view, moving_from_view = self.pair.image_from_view(self.grid.size)
        in_views = np.linalg.inv(moving_from_view) @ candidate.moving_from_fixed @ fixed_from_view
        return self.grid.score_near(self.scores, in_views)


def coarse_search(engine: Engine, level: SearchLevel, pair: ImagePair) -> SearchResult:
    """Score all hypotheses of a search level for a pair."""
    size = level.grid.size
    moving = pair.moving.view(pair.image_from_view(size)[1], size)
    outputs = engine.run(level.graph, fixed=pair.fixed_view(size)[None], moving=moving[None])
    return SearchResult(pair, level.grid, outputs["scores"][0])
