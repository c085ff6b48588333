"""Mutual information finds what two images that are no function of each other say about each other."""

import numpy as np
import pytest
from specimens import seen_twice, specimen

from xebra.estimate.information import BINS, MutualInformation, normalised
from xebra.estimate.pyramid import Pair
from xebra.image import Image
from xebra.specimen.instruments import absorption, backscattered_electrons
from xebra.transform import SimilarityTransform, corner_error, image_center

SIDE = 256


def test_equal_levels_say_all_and_unrelated_ones_nothing():
    random = np.random.default_rng(1)
    fixed = random.integers(0, BINS, 20_000)
    assert normalised(fixed, fixed.astype(float)) == pytest.approx(1)
    assert normalised(fixed, (fixed * 7 % BINS).astype(float)) == pytest.approx(1)  # any one-to-one relation
    assert normalised(fixed, random.permutation(fixed).astype(float)) < 0.01


def test_a_level_between_two_bins_counts_for_both():
    fixed = np.zeros(4, int)
    near, far = (normalised(np.arange(4), np.arange(4) + share) for share in (0.1, 0.5))
    assert 1 > near > far > 0
    assert normalised(fixed, fixed + 0.5) == 0  # one level of the fixed image says nothing


@pytest.fixture(scope="module")
def layers():
    return specimen(576, seed=9)


@pytest.fixture(scope="module")
def seen(layers):
    """A pair and its moving_from_fixed."""
    truth = SimilarityTransform(1.1, 0.3, (12, -7), image_center((SIDE, SIDE)))
    images = seen_twice(layers, (absorption, backscattered_electrons), truth, side=SIDE)
    return Pair(*(Image(image) for image in images)), np.linalg.inv(truth.matrix)


def shifted(matrix, x, y):
    return matrix @ np.array([[1, 0, x], [0, 1, y], [0, 0, 1.0]])


@pytest.mark.parametrize(("size", "every"), [(64, 1), (128, 1), (256, 2)])
def test_it_is_highest_at_the_truth(seen, size, every):
    pair, truth = seen
    information = MutualInformation(pair, size, every)
    best = information(truth)
    assert best > 0
    for far in (8, 20, 60):
        for x, y in ((far, 0), (-far, 0), (0, far), (0, -far)):
            assert information(shifted(truth, x, y)) < best


def test_climbing_ends_at_the_truth(seen):
    pair, truth = seen
    found = shifted(truth, 9, -6)
    for size, every in ((64, 1), (128, 1), (256, 2)):
        found = MutualInformation(pair, size, every).climbed(found)
    assert corner_error(found, truth, (SIDE, SIDE)) < 1


def test_images_that_hardly_meet_say_nothing(seen):
    pair, truth = seen
    assert MutualInformation(pair, 128)(shifted(truth, 240, 120)) == 0
