"""What network and mutual information together think of hypotheses, and where the latter would put them."""

from __future__ import annotations

import math
from dataclasses import replace

from xebra.estimate.information import MutualInformation
from xebra.estimate.pyramid import Candidate, Pair

SHARE = 0.5  # of mutual information in the plausibility, whose other part is the network's score
COARSE, MIDDLE, FINE = 64, 128, 256  # px along the fixed image


class Opinions:
    """Of one pair."""

    def __init__(self, pair: Pair):
        self._pair = pair
        self._information: dict[int, MutualInformation] = {}

    def plausibility(self, candidate: Candidate) -> float:
        """Log of the network's score and of mutual information, each floored where it says nothing more."""
        told = self._at(MIDDLE)(candidate.moving_from_fixed)
        return math.log(max(candidate.score, 0.1)) + SHARE * math.log(max(told, 1e-4))

    def ranked(self, candidates: list[Candidate]) -> list[Candidate]:
        """The most plausible first."""
        return sorted(candidates, key=self.plausibility, reverse=True)

    def mended(self, candidate: Candidate) -> Candidate:
        """Where mutual information would put it, coarsely first: that reaches further than a look does."""
        return self._climbed(candidate, COARSE, MIDDLE)

    def settled(self, candidate: Candidate) -> Candidate:
        """The same of one that is nearly right."""
        return self._climbed(candidate, FINE)

    def _climbed(self, candidate: Candidate, *sizes: int) -> Candidate:
        moving_from_fixed = candidate.moving_from_fixed
        for size in sizes:
            moving_from_fixed = self._at(size).climbed(moving_from_fixed)
        return replace(candidate, moving_from_fixed=moving_from_fixed)

    def _at(self, size: int) -> MutualInformation:
        if size not in self._information:
            self._information[size] = MutualInformation(self._pair, size, every=max(1, size // MIDDLE))
        return self._information[size]
