"""Where both images show one contrast, their px say where the answer lies, and how surely."""

import math

import numpy as np
import pytest
import torch
from specimens import seen_twice, specimen

from xebra.estimate.polish import FURTHEST_PX, polished
from xebra.estimate.pyramid import Candidate, Pair, apart_px
from xebra.estimate.signs import parameter_covariance
from xebra.image import Image
from xebra.resample import resample
from xebra.specimen.draw import Replay
from xebra.specimen.instruments import absorption, fluorescence
from xebra.specimen.pairs import PHYSICS
from xebra.transform import SimilarityTransform, image_center

SIDE = 256
CENTRE = image_center((SIDE, SIDE))
TRUTH = SimilarityTransform(1.15, 0.4, (14, -9), CENTRE)
ASIDE = SimilarityTransform(1.003, 0.004, (0.5, -0.4), CENTRE).matrix  # 0.8 px at the corners


@pytest.fixture(scope="module")
def layers():
    return specimen(576, seed=9)


def taken(layers, truth, noise, seed):
    """Two images by one instrument, each with noise of its own, given as a share of the signal."""
    physics = torch.rand(1, PHYSICS, generator=torch.Generator().manual_seed(1))
    signal = absorption(Replay(physics), layers)[0].numpy()
    whole = np.eye(3)
    whole[:2, 2] = np.subtract(image_center(signal.shape), CENTRE)
    images = [resample(signal, whole @ matrix, (SIDE, SIDE)) for matrix in (np.eye(3), truth.matrix)]
    random = np.random.default_rng(seed)
    return [image + noise * image.std() * random.normal(size=image.shape) for image in images]


def pair_of(fixed, moving):
    return Pair(Image(fixed.astype(np.float32)), Image(moving.astype(np.float32)))


def candidate(truth, aside=ASIDE):
    return Candidate(np.linalg.inv(truth.matrix) @ aside, 10.0)


RIGHT = candidate(TRUTH, np.eye(3))


@pytest.mark.parametrize("gain", [1, -0.3])
def test_one_contrast_is_laid_on_itself_to_a_hundredth_of_a_px_or_its_negative(layers, gain):
    fixed, moving = taken(layers, TRUTH, 0.02, seed=1)
    pair = pair_of(fixed, 5 + gain * moving)
    found = polished(pair, candidate(TRUTH))
    assert apart_px(pair, candidate(TRUTH), RIGHT) > 0.5
    assert apart_px(pair, found, RIGHT) < 0.03
    assert found.score == 10.0


def test_the_evidence_of_px_says_how_far_off_they_are(layers):
    """Over independent noise the parameters scatter about as the covariance says."""
    pulls = []
    for seed in range(12):
        pair = pair_of(*taken(layers, TRUTH, 0.3, seed))
        found = polished(pair, candidate(TRUTH))
        four = SimilarityTransform.from_matrix(np.linalg.inv(found.moving_from_fixed), CENTRE)
        off = (
            math.log(four.scale / TRUTH.scale),
            four.angle - TRUTH.angle,
            *np.subtract(four.translation, TRUTH.translation),
        )
        deviation = np.sqrt(np.diag(parameter_covariance(found, (SIDE, SIDE), (SIDE, SIDE))))
        pulls.append(np.array(off) / deviation)
    spread = np.sqrt(np.mean(np.square(pulls), 0))
    assert ((spread > 0.5) & (spread < 2)).all()


def test_of_two_contrasts_px_say_nothing(layers):
    fixed, moving = seen_twice(layers, (absorption, fluorescence), TRUTH, side=SIDE)
    assert polished(pair_of(fixed, moving), candidate(TRUTH)) is None


def test_px_do_not_move_an_answer_to_another(layers):
    pair = pair_of(*taken(layers, TRUTH, 0.02, seed=1))
    far = candidate(TRUTH, SimilarityTransform(1.0, 0.0, (FURTHEST_PX + 1, 0), CENTRE).matrix)
    found = polished(pair, far)
    assert found is None or apart_px(pair, found, far) <= FURTHEST_PX


def test_where_too_little_overlaps_px_are_not_asked(layers):
    pair = pair_of(*taken(layers, TRUTH, 0.02, seed=1))
    assert polished(pair, candidate(TRUTH, SimilarityTransform(1.0, 0.0, (230, 0), CENTRE).matrix)) is None
