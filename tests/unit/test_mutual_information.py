"""Mutual information is highest at the true transform of two modalities."""

import numpy as np
import pytest
from support.specimens import seen_twice, specimen

from xebra.estimate.image_pair import ImagePair
from xebra.estimate.mutual_information import BINS, MutualInformation, normalised_mutual_information
from xebra.image import Image
from xebra.specimen.instruments import absorption, backscattered_electrons
from xebra.transform import SimilarityTransform, corner_error, image_center

SIDE = 256


def test_it_is_one_for_equal_levels_and_zero_for_unrelated_ones():
    random = np.random.default_rng(1)
    fixed = random.integers(0, BINS, 20_000)
    assert normalised_mutual_information(fixed, fixed.astype(float)) == pytest.approx(1)
    assert normalised_mutual_information(fixed, (fixed * 7 % BINS).astype(float)) == pytest.approx(
        1
    )  # any one-to-one relation
    assert normalised_mutual_information(fixed, random.permutation(fixed).astype(float)) < 0.01


def test_a_level_between_two_bins_counts_in_both():
    fixed = np.zeros(4, int)
    near, far = (normalised_mutual_information(np.arange(4), np.arange(4) + share) for share in (0.1, 0.5))
    assert 1 > near > far > 0
    assert normalised_mutual_information(fixed, fixed + 0.5) == 0  # a constant fixed image has no information


@pytest.fixture(scope="module")
def layers():
    return specimen(576, seed=9)


@pytest.fixture(scope="module")
def seen(layers):
    """Return a pair and its moving_from_fixed."""
    truth = SimilarityTransform(1.1, 0.3, (12, -7), image_center((SIDE, SIDE)))
    images = seen_twice(layers, (absorption, backscattered_electrons), truth, side=SIDE)
    return ImagePair(*(Image(image) for image in images)), np.linalg.inv(truth.matrix)


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


def test_maximisation_ends_at_the_truth(seen):
    pair, truth = seen
    found = shifted(truth, 9, -6)
    for size, every in ((64, 1), (128, 1), (256, 2)):
        found = MutualInformation(pair, size, every).maximise(found)
    assert corner_error(found, truth, (SIDE, SIDE)) < 1


def test_it_is_zero_where_the_overlap_is_too_small(seen):
    pair, truth = seen
    assert MutualInformation(pair, 128)(shifted(truth, 240, 120)) == 0
