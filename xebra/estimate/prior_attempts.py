"""Attempts that start from a prior instead of a search."""

from __future__ import annotations

from xebra.estimate.attempts import Attempt, Attempts
from xebra.estimate.candidate_scoring import CandidateScoring
from xebra.estimate.image_pair import Candidate, ImagePair
from xebra.estimate.stages import Stages
from xebra.estimate.stretched_attempts import NoSearch


class PriorAttempts(Attempts):
    """The quick attempt from a prior, which refinement on the whole view reaches within the tolerances."""

    def __init__(self, stages: Stages, pair: ImagePair, prior: Candidate):
        self._stages, self._pair, self._max_log_scale = stages, pair, None
        self._scoring = CandidateScoring(pair, NoSearch())
        self._identity: list[Candidate] = []
        self._refined: list[Candidate] = [prior]

    def quick(self) -> Attempt:
        """Return the estimate from the prior; a coarse step covers what its tolerances allow."""
        self._refined = self._refine(self._refined)
        start, end = self._follow(self._refined, 1)
        return self._attempt(start, end, self._refined, thorough=False)
