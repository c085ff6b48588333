"""The estimate from both pairs with a synthesised image together: their scores and resemblance decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xebra.estimate.attempts import Attempt, Attempts
from xebra.estimate.image_pair import Candidate, ImagePair, averaged, distinct
from xebra.estimate.resemblance import Resemblance
from xebra.estimate.synthesis_level import SynthesisedPair

KEPT = 24  # candidates that both pairs compare
STEPS = 2  # of their refinement by the network
DUPLICATE_PX = 4.0  # at 256: corner distance below which two candidates are one
COARSE, EVALUATIONS = 64, 40  # px of the views, and steps, of each candidate's maximum of resemblance
# Of the sum of network scores and mutual information, relative to what the images explain of each other: 0.03
# to 0.12 were alike on 98 pairs of three specimens.
SCORE_WEIGHT = 0.05


@dataclass(frozen=True)
class Direction:
    """A pair with a synthesised image, and the attempts at it."""

    pair: SynthesisedPair
    attempts: Attempts

    def searched(self) -> list[tuple[Candidate, float]]:
        """Return the candidates of its search, of the images, with their scores."""
        return self._of_images(self.attempts.scored(self.attempts.searched()))

    def scored(self, candidates: list[Candidate]) -> list[tuple[Candidate, float]]:
        """Return candidates of the images after a refinement step in this pair, with their scores."""
        return self._of_images(self.attempts.scored([self.pair.of_views(c) for c in candidates]))

    def at(self, candidate: Candidate, others: list[Candidate]) -> Attempt:
        """Return the attempt of this pair at a candidate of the images."""
        here, *there = (self.pair.of_views(each) for each in (candidate, *others))
        return self.attempts.at(here, there)

    def _of_images(self, scored: list[tuple[Candidate, float]]) -> list[tuple[Candidate, float]]:
        return [(self.pair.of_images(candidate), score) for candidate, score in scored]


def joint_attempts(
    images: ImagePair, directions: Sequence[Direction], resemblance: Resemblance
) -> list[Attempt]:
    """Return the attempt of each pair at the place where the images explain most of each other.

    Args:
        images: fixed and moving image.
        directions: the pairs with one image synthesised.
        resemblance: of these pairs, band-pass filtered.
    """
    pool = sorted((found for each in directions for found in each.searched()), key=lambda found: -found[1])
    candidates = distinct(images, (candidate for candidate, _ in pool), DUPLICATE_PX, KEPT)
    for _ in range(STEPS):
        scored = _scored(images, directions, candidates)
        candidates = [candidate for candidate, _ in scored]
    places = [resemblance.maximised(candidate, COARSE, EVALUATIONS) for candidate in candidates]
    total = [
        resemblance.explained(place) + SCORE_WEIGHT * score
        for place, (_, score) in zip(places, scored, strict=True)
    ]
    best = places[max(range(len(places)), key=total.__getitem__)]
    return [direction.at(best, candidates) for direction in directions]


def _scored(
    images: ImagePair, directions: Sequence[Direction], candidates: list[Candidate]
) -> list[tuple[Candidate, float]]:
    """Return candidates after a refinement step in both pairs, by the falling sum of their scores."""
    scored = zip(*(direction.scored(candidates) for direction in directions), strict=True)
    best_first = (sorted(each, key=lambda found: -found[1]) for each in scored)
    found = [(averaged(images, [c for c, _ in each]), sum(score for _, score in each)) for each in best_first]
    return sorted(found, key=lambda each: -each[1])
