"""The places at which an overview may show a detail, with their probabilities."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from xebra.arrays import Matrix
from xebra.estimate.field_of_view import DetailHypothesis
from xebra.estimate.image_pair import Candidate
from xebra.registration import Place

MOST_PLACES = 5  # that are listed
PLACE_MARGIN = 3.0  # log odds: places within this of the reported one fit nearly as well


def equal_places(candidates: list[Candidate]) -> int:
    """Return how many of distinct candidates fit nearly as well as the first one, itself included."""
    return sum(candidates[0].score - candidate.score < PLACE_MARGIN for candidate in candidates)


def listed_places(
    candidates: list[Candidate], reported: Candidate, hypothesis: DetailHypothesis
) -> tuple[Place, ...]:
    """Return the first of distinct candidates with their probabilities among all of them.

    ``reported``: the first one after the final stage. Scores are log odds; probabilities are their softmax.
    """
    probabilities = softmax([candidate.score for candidate in candidates]).tolist()
    tile = hypothesis.tile
    others = [tile.whole(each) if tile else each for each in candidates[1:MOST_PLACES]]
    return tuple(
        Place(_fixed_from_moving(each, hypothesis), probability)
        for each, probability in zip([reported, *others], probabilities, strict=False)
    )


def _fixed_from_moving(candidate: Candidate, hypothesis: DetailHypothesis) -> Matrix:
    """Return the 3 x 3 of a candidate, which maps from the detail to the overview."""
    matrix = candidate.moving_from_fixed
    return matrix if hypothesis.detail == "moving" else np.linalg.inv(matrix)
