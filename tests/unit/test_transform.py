"""The similarity transform keeps its conventions."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xebra.transform import SimilarityTransform, corner_error, corners, image_center, map_points

coordinates = st.floats(-20_000, 20_000)
points = st.tuples(coordinates, coordinates)
transforms = st.builds(
    SimilarityTransform,
    scale=st.floats(0.05, 20),
    angle=st.floats(-7, 7),
    translation=points,
    center=points,
    mirror=st.booleans(),
)


def tolerance(*transforms: SimilarityTransform) -> float:
    """Rounding error of float64 in px at points some 20,000 px away."""
    return 1e-7 * math.prod(max(t.scale, 1 / t.scale) for t in transforms)


@given(transforms, points)
def test_the_inverse_maps_every_point_back(transform, point):
    assert transform.inverse()(transform(point)) == pytest.approx(point, abs=tolerance(transform))


@given(transforms, points)
def test_inverse_of_the_inverse_is_the_transform(transform, point):
    again = transform.inverse().inverse()
    assert again(point) == pytest.approx(transform(point), abs=10 * tolerance(transform))


@given(transforms, transforms, points)
def test_after_maps_points_as_one_by_one(second, first, point):
    expected = second(first(point))
    assert second.after(first)(point) == pytest.approx(expected, abs=10 * tolerance(first, second))


@given(transforms, points)
def test_matrix_and_parameters_agree(transform, center):
    again = SimilarityTransform.from_matrix(transform.matrix, center)
    np.testing.assert_allclose(again.matrix, transform.matrix, rtol=1e-9, atol=1e-6 * max(1, transform.scale))
    assert again.scale == pytest.approx(transform.scale)
    assert again.mirror == transform.mirror
    assert math.remainder(again.angle - transform.angle, math.tau) == pytest.approx(0, abs=1e-9)


@given(transforms, st.lists(points, min_size=2, max_size=5))
def test_distances_grow_by_the_scale(transform, some):
    before, after = np.diff(some, axis=0), np.diff(transform(some), axis=0)
    lengths = np.linalg.norm(before, axis=-1) * transform.scale
    assert np.linalg.norm(after, axis=-1) == pytest.approx(lengths, rel=1e-9, abs=tolerance(transform))


@given(transforms)
def test_the_centre_moves_by_the_translation(transform):
    assert transform(transform.center) == pytest.approx(
        np.add(transform.center, transform.translation), abs=1e-6
    )


def test_points_of_any_leading_shape_are_mapped():
    grid = np.zeros((2, 3, 4, 2))
    assert SimilarityTransform(translation=(1, 2))(grid).shape == grid.shape
    assert SimilarityTransform(translation=(1, 2))(grid)[1, 2, 3] == pytest.approx([1, 2])


def test_positive_angle_turns_x_towards_y():
    assert SimilarityTransform(angle=math.pi / 2)([1, 0]) == pytest.approx([0, 1])


def test_mirror_reflects_x_about_the_centre_before_the_rotation():
    assert SimilarityTransform(mirror=True, center=(10, 0))([12, 5]) == pytest.approx([8, 5])
    assert SimilarityTransform(mirror=True, angle=math.pi / 2)([1, 0]) == pytest.approx([0, -1])


def test_the_origin_is_the_centre_of_the_top_left_pixel():
    assert image_center((3, 5)) == (2, 1)
    assert corners((3, 5)).tolist() == [[0, 0], [4, 0], [0, 2], [4, 2]]


@pytest.mark.parametrize("values", [{"scale": 0}, {"scale": -1}, {"scale": math.nan}, {"angle": math.inf}])
def test_impossible_values_are_refused(values):
    with pytest.raises(ValueError, match="finite values and a positive scale"):
        SimilarityTransform(**values)


@pytest.mark.parametrize(
    "linear",
    [[[1, 0.1], [0, 1]], [[1, 0], [0, 1.01]], [[0, 0], [0, 0]]],
    ids=["shear", "stretch", "collapse"],
)
def test_a_matrix_that_is_no_similarity_is_refused(linear):
    matrix = np.eye(3)
    matrix[:2, :2] = linear
    with pytest.raises(ValueError):
        SimilarityTransform.from_matrix(matrix)


def test_a_projective_matrix_is_refused():
    matrix = np.eye(3)
    matrix[2, 0] = 1e-3
    with pytest.raises(ValueError, match="not a similarity"):
        SimilarityTransform.from_matrix(matrix)


@given(transforms)
def test_corner_error_of_the_truth_is_none(transform):
    assert corner_error(transform.matrix, transform.matrix, (256, 256)) == 0


@given(points)
def test_corner_error_of_a_pure_shift_is_its_length(shift):
    estimate = SimilarityTransform(translation=shift).matrix
    assert corner_error(estimate, np.eye(3), (64, 640)) == pytest.approx(math.hypot(*shift))


def test_corner_error_of_a_small_turn_is_the_arc_of_the_half_diagonal():
    shape, angle = (301, 401), 1e-3
    turned = SimilarityTransform(angle=angle, center=image_center(shape))
    assert corner_error(turned.matrix, np.eye(3), shape) == pytest.approx(250 * angle, rel=1e-3)


@given(transforms, points)
def test_mapping_by_the_matrix_is_mapping_by_the_transform(transform, point):
    assert map_points(transform.matrix, point) == pytest.approx(transform(point))
