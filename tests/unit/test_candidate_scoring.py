"""Candidates are compared by several views after refinement."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from support.labelled import textured

from xebra.engine import open_engine
from xebra.estimate.candidate_scoring import CandidateScoring
from xebra.estimate.image_pair import Candidate, ImagePair
from xebra.estimate.pyramid_estimator import PyramidEstimator
from xebra.estimate.stretched_attempts import NoSearch
from xebra.image import Image
from xebra.resample import resample
from xebra.transform import SimilarityTransform, image_center
from xebra.weights import weights

SIDE = 128


def pair_of(seed: int) -> tuple[Image, Image, np.ndarray]:
    """Return two views of one specimen, the moving one of the opposite contrast, and moving_from_fixed."""
    fixed = textured(seed, SIDE)
    turned = SimilarityTransform(1.1, math.radians(12), (5.0, -3.0), image_center(fixed.shape)).matrix
    return Image(fixed), Image(-resample(fixed, np.linalg.inv(turned), fixed.shape)), turned


def test_scores_of_both_directions_and_both_resolutions_count() -> None:
    fixed, moving, truth = pair_of(1)
    scoring = CandidateScoring(ImagePair(fixed, moving), NoSearch())
    start, end = (Candidate(truth, score) for score in (8.0, 12.0))
    score = scoring.score_refined(start, end, 10.0)
    assert scoring.score_refined(start, end, 20.0) - score == pytest.approx(math.log(2))
    assert scoring.score_refined(start, replace(end, score=24.0), 10.0) - score == pytest.approx(math.log(2))
    higher = scoring.score_refined(replace(start, score=16.0), end, 10.0)
    assert higher - score == pytest.approx(0.5 * math.log(2))
    elsewhere = replace(start, moving_from_fixed=truth @ np.array([[1, 0, 30.0], [0, 1, 0], [0, 0, 1]]))
    assert scoring.score_refined(elsewhere, end, 10.0) < score


@pytest.mark.parametrize("seed", range(4))
def test_the_network_scores_the_right_place_higher_with_exchanged_images(seed: int) -> None:
    fixed, moving, truth = pair_of(seed)
    attempts = PyramidEstimator(weights(), open_engine()).attempts(fixed, moving)[1]
    wrong = truth @ np.array([[1, 0, 40.0], [0, 1, -25.0], [0, 0, 1]])
    right, beside = attempts._exchanged([Candidate(truth, 0.0), Candidate(wrong, 0.0)])
    assert right > 2 * beside > 0


def test_a_place_that_only_exchanged_images_prefer_is_not_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    fixed, moving, truth = pair_of(2)
    attempts = PyramidEstimator(weights(), open_engine()).attempts(fixed, moving)[1]
    wrong = truth @ np.array([[1, 0, 40.0], [0, 1, -25.0], [0, 0, 1]])
    both = attempts._refine([Candidate(truth, 0.0), Candidate(wrong, 0.0)])
    margins = []
    for exchanged in ([20.0, 20.0], [0.1, 1e9]):
        monkeypatch.setattr(attempts, "_exchanged", lambda ends, scores=exchanged: scores)
        start, end = attempts._follow(both, 2)
        margins.append(attempts._attempt(start, end, both, thorough=True).features.score_margin)
    assert margins[0] > 1.5 and margins[1] <= 0
    monkeypatch.setattr(attempts, "_exchanged", lambda ends: [0.1, 1e9])
    start, end = attempts._follow(both, 2)
    assert attempts._attempt(start, end, [], thorough=True).features.score_margin <= 0
