"""The estimate from both pairs with a synthesised image together: the sum of their scores decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from xebra.estimate.attempts import Attempt, Attempts
from xebra.estimate.image_pair import Candidate, ImagePair, corner_distance_px
from xebra.estimate.synthesis_level import SynthesisedPair

KEPT, FOLLOWED = 16, 4  # candidates that both pairs compare, coarsely and finely
COARSE_STEPS, FINE_STEPS = 2, 2
DUPLICATE_PX = 4.0  # at 256: corner distance below which two candidates are one
MAX_AVERAGED_PX = 12.0  # at 256: estimates of both pairs that are further apart are not averaged


@dataclass(frozen=True)
class Direction:
    """A pair with a synthesised image, and the attempts at it."""

    pair: SynthesisedPair
    attempts: Attempts

    def searched(self) -> list[tuple[Candidate, float]]:
        """Return the candidates of its search, of the images, with their scores."""
        return self._of_images(self.attempts.scored(self.attempts.searched()))

    def scored(self, candidates: list[Candidate], fine: bool) -> list[tuple[Candidate, float]]:
        """Return candidates of the images after a refinement step in this pair, with their scores."""
        return self._of_images(self.attempts.scored([self.pair.of_views(c) for c in candidates], fine))

    def at(self, candidate: Candidate, others: list[Candidate]) -> Attempt:
        """Return the attempt of this pair at a candidate of the images."""
        here, *there = (self.pair.of_views(each) for each in (candidate, *others))
        return self.attempts.at(here, there)

    def _of_images(self, scored: list[tuple[Candidate, float]]) -> list[tuple[Candidate, float]]:
        return [(self.pair.of_images(candidate), score) for candidate, score in scored]


def joint_attempts(images: ImagePair, directions: Sequence[Direction]) -> list[Attempt]:
    """Return the attempt of each pair at the place with the highest sum of the scores of both.

    Args:
        images: fixed and moving image.
        directions: the pairs with one image synthesised.
    """
    pool = [found for direction in directions for found in direction.searched()]
    candidates = _distinct(images, [c for c, _ in sorted(pool, key=lambda each: -each[1])], KEPT)
    for _ in range(COARSE_STEPS):
        candidates = _ranked(images, directions, candidates, fine=False)
    others, candidates = candidates, candidates[:FOLLOWED]
    for _ in range(FINE_STEPS):
        candidates = _ranked(images, directions, candidates, fine=True)
    best = candidates[0]
    return [direction.at(best, others) for direction in directions]


def _ranked(
    images: ImagePair, directions: Sequence[Direction], candidates: list[Candidate], fine: bool
) -> list[Candidate]:
    """Return candidates after a refinement step in both pairs, by the falling sum of their scores."""
    scored = zip(*(direction.scored(candidates, fine) for direction in directions), strict=True)
    best_first = (sorted(each, key=lambda found: -found[1]) for each in scored)
    found = [(averaged(images, [c for c, _ in each]), sum(score for _, score in each)) for each in best_first]
    return [candidate for candidate, _ in sorted(found, key=lambda each: -each[1])]


def averaged(images: ImagePair, candidates: Sequence[Candidate]) -> Candidate:
    """Return the mean of candidates that are close to the first one, else the first one."""
    best, *others = candidates
    if any(corner_distance_px(images, best, other) > MAX_AVERAGED_PX for other in others):
        return best
    return replace(best, moving_from_fixed=np.mean([each.moving_from_fixed for each in candidates], 0))


def _distinct(images: ImagePair, candidates: list[Candidate], count: int) -> list[Candidate]:
    """Return the first ``count`` candidates without near duplicates."""
    kept: list[Candidate] = []
    for candidate in candidates:
        if len(kept) < count and all(corner_distance_px(images, candidate, k) > DUPLICATE_PX for k in kept):
            kept.append(candidate)
    return kept
