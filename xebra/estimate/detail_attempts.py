"""Attempts at a pair whose fixed image, the detail, shows a small part of the moving one, the overview."""

from __future__ import annotations

import numpy as np

from xebra.estimate.attempts import DIFFERENT_PX, Attempt, Attempts
from xebra.estimate.candidate_scoring import CandidateScoring
from xebra.estimate.detail_search import DetailSearchResult, detail_search
from xebra.estimate.image_pair import Candidate, ImagePair, distinct
from xebra.estimate.intensity_refinement import refine_by_intensity
from xebra.estimate.places import equal_places
from xebra.estimate.repeated_places import places_by_intensity
from xebra.estimate.stages import Stages

QUICK_CANDIDATES = 8  # of the search that the quick attempt refines
THOROUGH_CANDIDATES = 24
# Log odds after a refinement step: 102 details that were found have 19.7 and more, 67 % of 252 searches in
# images of equal fields have less than this.
LIKELY_SCORE = 16.0


class DetailAttempts(Attempts):
    """Iterates over the attempts at one pair; the search, ``found``, covers the whole overview."""

    def __init__(self, stages: Stages, pair: ImagePair, scales: tuple[float, float]):
        """``scales``: least and largest number of overview px per detail px."""
        self._stages, self._pair, self._scales = stages, pair, scales
        self.found = self._detail_search()
        self.hypotheses = self.found.candidates(QUICK_CANDIDATES)
        self._scoring = CandidateScoring(pair, self.found)
        self._identity: list[Candidate] = []
        self._refined: list[Candidate] = []

    def is_likely(self) -> bool:
        """Return whether a candidate of the search scores as high as details do, after a refinement step."""
        self._refined = self._refine(self.hypotheses[:QUICK_CANDIDATES])
        return max((candidate.score for candidate in self._refined), default=0.0) >= LIKELY_SCORE

    def quick(self) -> Attempt | None:
        """Return the estimate from the best candidates of the search; None where it has none."""
        self._refined = self._refined or self._refine(self.hypotheses[:QUICK_CANDIDATES])
        if not self._refined:
            return None
        start, end = self._follow(self._refined, 1)
        return self._attempt(start, end, self._refined, thorough=False)

    def places(self, attempt: Attempt) -> list[Candidate]:
        """Return the distinct refined candidates, an attempt's own first, then by falling score."""
        return self._places(attempt.path[0])

    def _places(self, start: Candidate) -> list[Candidate]:
        """Return a refined candidate and those that differ from it, by falling score."""
        others = sorted(self._refined, key=lambda candidate: candidate.score, reverse=True)
        return distinct(self._pair, [start, *others], DIFFERENT_PX)

    def _follow(self, candidates: list[Candidate], count: int) -> tuple[Candidate, Candidate]:
        """Return the best candidate after fine refinement, of places alike the one whose pixels fit best."""
        start, end = super()._follow(candidates, count)
        return self._most_alike(start, end) if equal_places(self._places(start)) > 1 else (start, end)

    def _exchanged(self, ends: list[Candidate]) -> list[float]:
        """Return the same score for all: a view of the whole overview shows too little of the detail."""
        return [1.0] * len(ends)

    def _most_alike(self, start: Candidate, end: Candidate) -> tuple[Candidate, Candidate]:
        """Return the place, refined coarsely and fully, whose pixel values correlate best."""
        starts = [start, *self._refine(places_by_intensity(self._pair, end))]
        self._refined = self._refined + starts[1:]  # they compete too
        ends = [end, *self._refine_fully(starts[1:])]
        found = [refine_by_intensity(self._pair, each) for each in ends]
        correlations = [-1.0 if each is None else each.correlation for each in found]
        best = int(np.argmax(correlations))
        return starts[best], ends[best]

    def _thorough(self) -> Attempt | None:
        """Return the estimate from more candidates, with mutual information; noisy images are smoothed."""
        if self._pair.is_noisy:
            self._smooth()
            self.found = self._scoring.search = self._detail_search()
        candidates = self.found.candidates(THOROUGH_CANDIDATES)[:THOROUGH_CANDIDATES]
        self._refined = self._refined + self._refine(candidates)
        return self._compare(self._refined) if self._refined else None

    def _detail_search(self) -> DetailSearchResult:
        """Return the scores of all hypotheses in the overview."""
        return detail_search(self._stages.engine, self._stages.detail_search, self._pair, self._scales)
