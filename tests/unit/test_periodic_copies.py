"""Places a period apart are found by the periods of either image."""

import numpy as np
import pytest

from xebra.estimate.image_pair import Candidate, ImagePair
from xebra.estimate.periodic_copies import periods, shifted
from xebra.image import Image
from xebra.transform import SimilarityTransform, image_center

SIDE, PERIOD = 256, 40.0


def dots(y, x):
    """Return dots on a square lattice at positions in px of the fixed image."""
    return np.exp(3 * (np.cos(2 * np.pi * x / PERIOD) + np.cos(2 * np.pi * y / PERIOD)) - 6)


def moving_dots(moving_from_fixed):
    """Return the lattice as a moving image shows it."""
    y, x = np.mgrid[:SIDE, :SIDE]
    points = np.stack([x, y, np.ones_like(x)], -1) @ np.linalg.inv(moving_from_fixed).T
    return dots(points[..., 1], points[..., 0])


@pytest.mark.parametrize(("scale", "angle"), [(1.0, 0.0), (0.8, 0.5), (1.3, -1.2)])
def test_a_period_that_only_the_moving_image_shows_is_found(scale, angle):
    moving_from_fixed = SimilarityTransform(scale, angle, (9.0, -4.0), image_center((SIDE, SIDE))).matrix
    noise = np.random.default_rng(3).normal(size=(SIDE, SIDE))
    pair = ImagePair(Image(noise), Image(moving_dots(moving_from_fixed)))
    assert not len(periods(pair, 128))
    found = periods(pair, 128, Candidate(moving_from_fixed, 0.0))
    assert len(found) and np.hypot(*found.T).min() == pytest.approx(PERIOD, abs=1.5)
    steps = found / PERIOD  # along the lattice of the fixed image
    assert np.abs(steps - steps.round()).max() < 0.05


def test_a_period_of_both_images_counts_once():
    y, x = np.mgrid[:SIDE, :SIDE]
    pair = ImagePair(Image(dots(y, x)), Image(dots(y, x)))
    assert len(periods(pair, 128, Candidate(np.eye(3), 0.0))) == len(periods(pair, 128)) == 4


def test_a_shifted_candidate_maps_a_point_one_period_further():
    (moved,) = shifted(Candidate(np.diag([2.0, 2.0, 1.0]), 5.0), np.array([[10.0, -3.0]]))
    assert moved.moving_from_fixed @ [0, 0, 1] == pytest.approx([20, -6, 1])
