"""What network, search and mutual information together think of hypotheses; where the last would put them."""

from __future__ import annotations

import math
from dataclasses import replace

from xebra.estimate.information import MutualInformation
from xebra.estimate.pyramid import Candidate, Pair, Searched

SHARE = 0.5  # of mutual information in the plausibility, whose first part is the network's score
SEARCHED = 0.05  # of the search's score in it: enough to rule out what the search holds for impossible
COARSE, MIDDLE, FINE = 64, 128, 256  # px along the fixed image


class Opinions:
    """Of one pair; ``search`` is the best that was made of it so far."""

    def __init__(self, pair: Pair, search: Searched):
        self._pair, self.search = pair, search
        self._information: dict[int, MutualInformation] = {}

    def plausibility(self, candidate: Candidate) -> float:
        """Log of the network's score and of mutual information, each floored where it says nothing more."""
        told = self._at(MIDDLE)(candidate.moving_from_fixed)
        by_looks = math.log(max(candidate.score, 0.1)) + SHARE * math.log(max(told, 1e-4))
        return by_looks + SEARCHED * self.search.near(candidate)

    def ranked(self, candidates: list[Candidate]) -> list[Candidate]:
        """The most plausible first; of one alone nothing is asked."""
        return sorted(candidates, key=self.plausibility, reverse=True) if len(candidates) > 1 else candidates

    def mended(self, candidate: Candidate) -> Candidate:
        """Where mutual information would put it, coarsely first: that reaches further than a look does."""
        return self._climbed(candidate, COARSE, MIDDLE)

    def settled(self, candidate: Candidate) -> Candidate:
        """The same of one that is nearly right."""
        return self._climbed(candidate, FINE, near=True)

    def _climbed(self, candidate: Candidate, *sizes: int, near: bool = False) -> Candidate:
        moving_from_fixed = candidate.moving_from_fixed
        for size in sizes:
            moving_from_fixed = self._at(size).climbed(moving_from_fixed, near)
        return replace(candidate, moving_from_fixed=moving_from_fixed)

    def _at(self, size: int) -> MutualInformation:
        if size not in self._information:
            self._information[size] = MutualInformation(self._pair, size, every=max(1, size // MIDDLE))
        return self._information[size]
