"""Intensity refinement of images with the same contrast: accuracy, uncertainty and its limits."""

import math

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from specimens import seen_twice, specimen

from xebra.estimate.image_pair import Candidate, ImagePair, corner_distance_px
from xebra.estimate.intensity_refinement import MAX_DISTANCE_PX, refine_by_intensity
from xebra.estimate.quality_features import parameter_covariance
from xebra.image import Image
from xebra.resample import resample
from xebra.specimen.draw import Replay
from xebra.specimen.instruments import absorption, fluorescence, secondary_electrons
from xebra.specimen.pairs import PHYSICS
from xebra.transform import SimilarityTransform, image_center

SIDE = 256
CENTRE = image_center((SIDE, SIDE))
TRUTH = SimilarityTransform(1.15, 0.4, (14, -9), CENTRE)
OFFSET = SimilarityTransform(1.003, 0.004, (0.5, -0.4), CENTRE).matrix  # 0.8 px at the corners


@pytest.fixture(scope="module")
def layers():
    return specimen(576, seed=9)


def taken(layers, truth, noise, seed):
    """Return two images by one instrument with independent noise, given relative to the signal."""
    physics = torch.rand(1, PHYSICS, generator=torch.Generator().manual_seed(1))
    signal = absorption(Replay(physics), layers)[0].numpy()
    whole = np.eye(3)
    whole[:2, 2] = np.subtract(image_center(signal.shape), CENTRE)
    images = [resample(signal, whole @ matrix, (SIDE, SIDE)) for matrix in (np.eye(3), truth.matrix)]
    random = np.random.default_rng(seed)
    return [image + noise * image.std() * random.normal(size=image.shape) for image in images]


def pair_of(fixed, moving):
    return ImagePair(Image(fixed.astype(np.float32)), Image(moving.astype(np.float32)))


def candidate(truth, offset=OFFSET):
    return Candidate(np.linalg.inv(truth.matrix) @ offset, 10.0)


RIGHT = candidate(TRUTH, np.eye(3))


@pytest.mark.parametrize("gain", [1, -0.3])
def test_the_same_contrast_or_its_negative_is_registered_to_hundredths_of_a_px(layers, gain):
    fixed, moving = taken(layers, TRUTH, 0.02, seed=1)
    pair = pair_of(fixed, 5 + gain * moving)
    refined = refine_by_intensity(pair, candidate(TRUTH))
    found = refined.candidate
    assert refined.same_contrast and refined.correlation > 0.98
    assert corner_distance_px(pair, candidate(TRUTH), RIGHT) > 0.5
    assert corner_distance_px(pair, found, RIGHT) < 0.03
    assert found.score == 10.0


def test_the_covariance_matches_the_scatter_over_noise(layers):
    """Pulls over independent noise have a standard deviation of about 1."""
    pulls = []
    for seed in range(12):
        pair = pair_of(*taken(layers, TRUTH, 0.3, seed))
        found = refine_by_intensity(pair, candidate(TRUTH)).candidate
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


@pytest.mark.parametrize("seed", [9, 10, 12])
def test_two_contrasts_return_none(seed):
    contrasts = (secondary_electrons, fluorescence)
    fixed, moving = seen_twice(specimen(576, seed=seed), contrasts, TRUTH, side=SIDE)
    assert refine_by_intensity(pair_of(fixed, moving), candidate(TRUTH)) is None


def test_a_candidate_is_not_moved_beyond_the_limit(layers):
    pair = pair_of(*taken(layers, TRUTH, 0.02, seed=1))
    far = candidate(TRUTH, SimilarityTransform(1.0, 0.0, (MAX_DISTANCE_PX + 1, 0), CENTRE).matrix)
    found = refine_by_intensity(pair, far)
    assert found is None or corner_distance_px(pair, found.candidate, far) <= MAX_DISTANCE_PX


def noisy_pair(layers, correlation):
    """Return a pair whose smoothed values correlate by about so much where it is aligned."""
    fixed, moving = taken(layers, TRUTH, 0.0, seed=1)
    rng = np.random.default_rng(8)
    share = math.sqrt(1 / correlation - 1)
    disturbed = [
        image
        + share * image.std() * (field := gaussian_filter(rng.normal(size=image.shape), 3)) / field.std()
        for image in (fixed, moving)
    ]
    return pair_of(*disturbed)


@pytest.mark.parametrize(
    ("correlation", "refined", "same"), [(0.6, False, False), (0.83, True, False), (0.96, True, True)]
)
def test_the_correlation_decides_what_intensities_are_good_for(layers, correlation, refined, same):
    found = refine_by_intensity(noisy_pair(layers, correlation), RIGHT)
    assert (found is not None) == refined
    assert not refined or found.same_contrast == same


def test_too_little_overlap_returns_none(layers):
    pair = pair_of(*taken(layers, TRUTH, 0.02, seed=1))
    assert (
        refine_by_intensity(pair, candidate(TRUTH, SimilarityTransform(1.0, 0.0, (230, 0), CENTRE).matrix))
        is None
    )
