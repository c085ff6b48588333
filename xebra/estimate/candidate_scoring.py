"""Scores of candidates by network, search and mutual information together, and refinement by the latter."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Protocol

from xebra.arrays import Matrix
from xebra.estimate.image_pair import Candidate, ImagePair
from xebra.estimate.mutual_information import MutualInformation

MI_WEIGHT = 0.5  # of log mutual information relative to the log of the network's score
SEARCH_WEIGHT = 0.05  # of the search's score: excludes transforms that the search scores very low
COARSE_WEIGHT = 0.5  # of the log score at the coarse view, relative to that at the fine view
COARSE, MIDDLE, FINE = 64, 128, 256  # px along the fixed image
MIN_SCORE, MIN_INFORMATION = 0.1, 1e-4  # lower limits before the logarithm


class SearchScores(Protocol):
    """The scores of all hypotheses of a search."""

    def score_near(self, candidate: Candidate) -> float:
        """Return the highest score within one grid step of a candidate."""


class CandidateScoring:
    """Scores and refines candidates of one pair; ``search`` is its latest search result."""

    def __init__(self, pair: ImagePair, search: SearchScores):
        self._pair, self.search = pair, search
        self._mutual_information: dict[int, MutualInformation] = {}
        self._measured: dict[int, tuple[Candidate, float]] = {}  # by the candidate's id, which it keeps alive

    def score(self, candidate: Candidate) -> float:
        """Return the weighted sum of log network score, log mutual information and search score."""
        information = self._information(candidate)
        combined = _log(candidate.score) + MI_WEIGHT * math.log(max(information, MIN_INFORMATION))
        return combined + SEARCH_WEIGHT * self.search.score_near(candidate)

    def score_refined(self, start: Candidate, end: Candidate, exchanged: float) -> float:
        """Return the score of a candidate after refinement, by several views.

        Args:
            start: after coarse refinement.
            end: after fine refinement.
            exchanged: score of the network at the end, with fixed and moving image exchanged.
        """
        network = COARSE_WEIGHT * _log(start.score) + _log(end.score) + _log(exchanged)
        return network + MI_WEIGHT * math.log(max(self._information(start), MIN_INFORMATION))

    def ranked(self, candidates: list[Candidate]) -> list[Candidate]:
        """Return candidates by falling score; a single one is not scored."""
        return sorted(candidates, key=self.score, reverse=True) if len(candidates) > 1 else candidates

    def mi_refined_coarse(self, candidate: Candidate) -> Candidate:
        """Return the candidate at the maximum of mutual information, coarse to fine: a wide capture range."""
        wide = self._mi_refined(candidate, COARSE)
        return self._mi_refined(wide, MIDDLE, near=True)

    def mi_refined_fine(self, candidate: Candidate) -> Candidate:
        """Return the candidate at the maximum of mutual information, for one that is nearly right."""
        return self._mi_refined(candidate, FINE, near=True)

    def information_fine(self, moving_from_fixed: Matrix) -> float:
        """Return the normalised mutual information of a 3 x 3 at the finest view."""
        return self._at(FINE).information(moving_from_fixed)

    def _mi_refined(self, candidate: Candidate, *sizes: int, near: bool = False) -> Candidate:
        """Return the candidate maximised at each of some view sizes in turn."""
        moving_from_fixed = candidate.moving_from_fixed
        for size in sizes:
            moving_from_fixed = self._at(size).maximise(moving_from_fixed, near)
        return replace(candidate, moving_from_fixed=moving_from_fixed)

    def _information(self, candidate: Candidate) -> float:
        """Return mutual information x coverage of a candidate; cached."""
        if id(candidate) not in self._measured:
            self._measured[id(candidate)] = candidate, self._at(MIDDLE)(candidate.moving_from_fixed)
        return self._measured[id(candidate)][1]

    def _at(self, size: int) -> MutualInformation:
        """Return the measure at a view size; cached."""
        if size not in self._mutual_information:
            every = max(1, size // MIDDLE)
            self._mutual_information[size] = MutualInformation(self._pair, size, every)
        return self._mutual_information[size]


def _log(score: float) -> float:
    """Return the logarithm of a network's score."""
    return math.log(max(score, MIN_SCORE))
