"""Attempts at a pair whose fixed image, the detail, shows a small part of the moving one, the overview."""

from __future__ import annotations

from xebra.estimate.attempts import DIFFERENT_PX, Attempt, Attempts
from xebra.estimate.candidate_scoring import CandidateScoring
from xebra.estimate.detail_search import DetailSearchResult, detail_search
from xebra.estimate.image_pair import Candidate, ImagePair, corner_distance_px
from xebra.estimate.stages import Stages

QUICK_CANDIDATES = 8  # of the search that the quick attempt refines
THOROUGH_CANDIDATES = 24
PLACE_MARGIN = 3.0  # log odds: places within this of the best fit nearly as well


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

    def quick(self) -> Attempt | None:
        """Return the estimate from the best candidates of the search; None where it has none."""
        self._refined = self._refine(self.hypotheses[:QUICK_CANDIDATES])
        if not self._refined:
            return None
        start, end = self._follow(self._refined, 1)
        return self._attempt(start, end, self._refined, thorough=False)

    def places(self, attempt: Attempt) -> int:
        """Return how many places of the overview fit nearly as well as an attempt's, itself included."""
        start = attempt.path[0]
        near = [c for c in self._refined if start.score - c.score < PLACE_MARGIN]
        return max(1, len(self._apart([start, *near])))

    def _apart(self, candidates: list[Candidate]) -> list[Candidate]:
        """Return those of candidates that differ from all before them."""
        kept: list[Candidate] = []
        for candidate in candidates:
            if all(corner_distance_px(self._pair, candidate, other) > DIFFERENT_PX for other in kept):
                kept.append(candidate)
        return kept

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
