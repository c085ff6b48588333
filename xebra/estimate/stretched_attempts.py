"""Attempts at a pair that no similarity fits: the moving image is searched stretched along several axes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from copy import copy

import numpy as np

from xebra.arrays import Matrix
from xebra.estimate.attempts import Attempt, Attempts
from xebra.estimate.candidate_scoring import CandidateScoring
from xebra.estimate.coarse_search import coarse_search
from xebra.estimate.image_pair import Candidate, ImagePair
from xebra.estimate.stages import Stages

# Log stretches and the number of axes tried at each. A tilt of 52 degrees is a log stretch of 0.24; between
# neighbours a stretch of at most 0.07 is left, which a similarity tolerates (``bench/affine.py``).
STRETCHES = ((0.11, 6), (0.22, 10))
CANDIDATES = 4  # of the search at each stretch
FOLLOWED = 4  # candidates of all stretches that are refined in six parameters


class NoSearch:
    """No scores of a search: candidates of different stretches have none in common."""

    def score_near(self, candidate: Candidate) -> float:
        """Return 0."""
        return 0.0


class StretchedAttempts(Attempts):
    """One attempt, from the best candidates over all stretches."""

    def __init__(self, stages: Stages, pair: ImagePair, max_log_scale: float | None = None):
        self._stages, self._pair, self._max_log_scale = stages, pair, max_log_scale
        self._scoring = CandidateScoring(pair, NoSearch())
        self._identity: list[Candidate] = []
        self._refined: list[Candidate] = []

    def __iter__(self) -> Iterator[Attempt]:
        self._refined = self._refine([c for stretch in stretches() for c in self._searched(stretch)])
        likely = self._distinct(self._refined, FOLLOWED)
        ends = self._refine_fully(likely)
        starts = [
            self._attempt(start, end, self._refined, True) for start, end in zip(likely, ends, strict=True)
        ]
        found = [refined for start in starts if (refined := self.affine(start)) is not None]
        if found:
            best = self._scoring.ranked([attempt.path[0] for attempt in found])[0]
            yield next(attempt for attempt in found if attempt.path[0] is best)

    def _searched(self, stretch: Matrix) -> list[Candidate]:
        """Return the best candidates of a search in which the moving image is stretched."""
        pair = copy(self._pair)
        pair.moving_stretch = stretch
        found = coarse_search(self._stages.engine, self._stages.coarse_search, pair)
        return found.candidates(CANDIDATES, self._max_log_scale)


def stretches() -> list[Matrix]:
    """Return the stretches (2 x 2) of determinant 1 that are tried; those along x and y come first."""
    return [
        stretch_matrix(log_stretch, math.pi * number / axes)
        for log_stretch, axes in STRETCHES
        for number in range(axes)
    ]


def stretch_matrix(log_stretch: float, axis: float) -> Matrix:
    """Return the symmetric matrix (2 x 2) that stretches along an axis (rad) and shrinks across it."""
    along = np.array([math.cos(axis), math.sin(axis)])
    squared = np.outer(along, along)
    result: Matrix = math.exp(log_stretch) * squared + math.exp(-log_stretch) * (np.eye(2) - squared)
    return result
