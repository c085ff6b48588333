"""Evidence counts as much less as the peak of mutual information is flat beside an estimate."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from xebra.engine import open_engine
from xebra.estimate.displacement import Evidence
from xebra.estimate.image_pair import Candidate, ImagePair, corner_distance_px
from xebra.estimate.peak_flatness import (
    ALIKE,
    BESIDE_PX,
    CHECKED_PX,
    LEAST_RISE,
    transforms_beside,
    undetermined_where_alike,
    undetermined_where_flat,
    with_flatness,
)
from xebra.estimate.pyramid_estimator import PyramidEstimator
from xebra.estimate.quality_features import UNDETERMINED_PX, uncertainty_px
from xebra.image import Image
from xebra.transform import SimilarityTransform, corner_error, image_center
from xebra.weights import weights

FEW = settings(max_examples=25, deadline=None, derandomize=True)
SHAPE = (256, 256)
PAIR = ImagePair(*(Image(np.random.default_rng(n).random(SHAPE).astype(np.float32)) for n in (0, 1)))


def candidate(information: np.ndarray, free=(0, 1, 2, 3)) -> Candidate:
    """Return the identity with evidence of a given information (4, 4), half of it in each half."""
    halves = np.stack([information, information]) / 2
    return Candidate(np.eye(3), 1.0, Evidence(np.zeros(4), np.ones((2, 4)), halves, 1.0, free=free), 256)


def weakest(axis: int) -> np.ndarray:
    """Return an information that leaves one of scale, angle, x, y the least certain."""
    at_corners = np.array([64.0**2, 64.0**2, 1, 1])  # the corners are about 64 cells off the centre
    return np.diag(at_corners * np.where(np.arange(4) == axis, 1.0, 50.0))


@given(st.integers(0, 3))
@FEW
def test_both_transforms_lie_ten_px_aside_in_the_least_certain_direction(axis) -> None:
    there, back = transforms_beside(candidate(weakest(axis)), PAIR)
    start = Candidate(np.eye(3), 0.0)
    for matrix in (there, back):
        assert corner_distance_px(PAIR, Candidate(matrix, 0.0), start) == pytest.approx(BESIDE_PX, rel=0.06)
        change = SimilarityTransform.from_matrix(matrix, image_center(SHAPE))
        turned = [100 * abs(math.log(change.scale)), 100 * abs(change.angle), *np.abs(change.translation)]
        assert int(np.argmax(turned)) == axis
    np.testing.assert_allclose(there @ back, np.eye(3), atol=0.7)


def test_a_parameter_that_is_held_is_no_direction() -> None:
    information = weakest(0)
    there, _ = transforms_beside(candidate(information, free=(1, 2, 3)), PAIR)
    assert SimilarityTransform.from_matrix(there, image_center(SHAPE)).scale == pytest.approx(1.0, abs=2e-3)


@given(st.floats(3.0, 80.0), st.integers(0, 3))
@FEW
def test_the_uncertainty_grows_with_the_width_of_a_peak(sigma, axis) -> None:
    start = candidate(weakest(axis))

    def peak(matrix: np.ndarray) -> float:
        distance = corner_error(matrix, np.eye(3), SHAPE)
        return math.exp(-(distance**2) / (2 * sigma**2))

    found = with_flatness(start, PAIR, peak)
    fallen = np.clip(BESIDE_PX**2 / (2 * sigma**2), 0.005, 3.0)
    assert uncertainty_px(found) == pytest.approx(uncertainty_px(start) * fallen**-0.75, rel=0.1)
    np.testing.assert_array_equal(found.moving_from_fixed, start.moving_from_fixed)


def test_a_peak_elsewhere_or_none_is_flat_or_changes_nothing() -> None:
    start = candidate(weakest(2))
    higher_aside = with_flatness(start, PAIR, lambda matrix: 1.0 + abs(matrix[0, 2]))
    assert uncertainty_px(higher_aside) == pytest.approx(uncertainty_px(start) * 0.005**-0.75)
    assert with_flatness(start, PAIR, lambda _: 0.0) is start


def test_pixel_values_that_fit_as_well_aside_leave_a_place_undetermined() -> None:
    start = candidate(weakest(3))
    assert CHECKED_PX < uncertainty_px(start) < UNDETERMINED_PX

    def found(rise: float) -> float:
        return uncertainty_px(
            undetermined_where_flat(start, PAIR, lambda m: 1.0 if np.allclose(m, np.eye(3)) else rise)
        )

    assert found(LEAST_RISE + 0.01) == uncertainty_px(start)
    assert found(LEAST_RISE - 0.01) == pytest.approx(UNDETERMINED_PX) == found(0.9)
    sure = candidate(1e4 * weakest(3))
    assert undetermined_where_flat(sure, PAIR, lambda _: 1.0) is sure


def test_a_measure_nearly_as_high_aside_leaves_a_place_undetermined() -> None:
    start = candidate(weakest(1))

    def found(ratio: float) -> float:
        return uncertainty_px(
            undetermined_where_alike(start, PAIR, lambda m: 1.0 if np.allclose(m, np.eye(3)) else ratio)
        )

    assert found(ALIKE - 0.01) == uncertainty_px(start)
    assert found(ALIKE + 0.01) == pytest.approx(UNDETERMINED_PX) == found(1.2)


def edge(seed: int, kink: float, side: int) -> np.ndarray:
    """Return an image (2 side, 2 side) of a nearly straight bright edge, a step of it in the middle."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: 2 * side, : 2 * side] - float(side)
    aside = x - kink * np.tanh(y / 6) + 0.05 * y
    image = (aside > 0) + 0.6 * np.exp(-((aside / 4) ** 2))
    return ndimage.gaussian_filter(image, 1.0) + rng.normal(0, 0.01, image.shape)


def seen(image: np.ndarray, matrix: np.ndarray, seed: int) -> np.ndarray:
    """Return a view of the middle half, moving_from_fixed being ``matrix``, with noise."""
    back, side = np.linalg.inv(matrix), len(image) // 2
    values = ndimage.affine_transform(
        image, back[1::-1, 1::-1], back[1::-1, 2] + side // 2, (side, side), order=1, mode="nearest"
    )
    return (values + np.random.default_rng(seed).normal(0, 0.12, (side, side))).astype(np.float32)


TONES = {"one contrast": lambda v: np.sqrt(np.abs(v)), "two contrasts": lambda v: np.sin(2 * v)}


@pytest.mark.parametrize("side", [256, 512])
@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize(
    ("kink", "seed"), [(0.0, 1), (3.0, 0), (3.0, 1), (8.0, 3), *((20.0, seed) for seed in range(2, 7))]
)
def test_a_straight_edge_is_uncertain_along_itself(side, tone, kink, seed) -> None:
    rng, shape = np.random.default_rng(seed), (side, side)
    angle, along = np.radians(rng.uniform(-8, 8)), rng.uniform(-0.08, 0.08) * side
    matrix = SimilarityTransform(1.0, angle, (3.0, along), image_center(shape)).matrix
    image = edge(seed, kink, side)
    fixed, moving = seen(image, np.eye(3), seed + 10), TONES[tone](seen(image, matrix, seed + 20))
    found = PyramidEstimator(weights(), open_engine()).estimate(Image(fixed), Image(moving))
    error = corner_error(found.transform.matrix @ matrix, np.eye(3), shape) * 256 / side
    assert found.verdict != "accept" or error < 5.0
    assert found.expected_corner_error_px * 256 / side > error / 4
    assert ("straight edge" in found.reason) == ("corner error to expect" in found.reason)
