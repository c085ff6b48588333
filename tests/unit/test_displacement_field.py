"""A displacement field as a transform: its inverse, its grids, its files, and when it folds."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xebra.apply import apply
from xebra.field.displacement_field import DisplacementField
from xebra.field.resampling import coverage_through, resample_through
from xebra.field.spline import UniformSpline
from xebra.resample import coverage, resample
from xebra.transform import SimilarityTransform

SHAPE = 120, 160


def field(seed: int, smooth: float = 1.5, drift: float = 0.8, angle: float = 0.2) -> DisplacementField:
    """Return a random field on a fixed image of SHAPE."""
    rng = np.random.default_rng(seed)
    x, y = UniformSpline(-0.5, SHAPE[1] - 0.5, 5), UniformSpline(-0.5, SHAPE[0] - 0.5, 4)
    rows = UniformSpline(-30.0, 170.0, 20)
    linear = SimilarityTransform(0.9, angle, (8.0, 4.0), (79.5, 59.5)).matrix
    return DisplacementField(
        linear,
        x,
        y,
        smooth * rng.normal(size=(2, y.size, x.size)),
        rows,
        drift * rng.normal(size=(2, rows.size)),
        rng.uniform(0.1, 1.0, (2, 5, 7)),
    )


def points(seed: int, count: int = 50) -> np.ndarray:
    return np.random.default_rng(seed).uniform((-5, -5), (SHAPE[1] + 5, SHAPE[0] + 5), (count, 2))


@given(st.integers(0, 10_000), st.floats(-3.1, 3.1))
@settings(max_examples=30, deadline=None)
def test_the_inverse_leads_back(seed: int, angle: float) -> None:
    bent = field(seed, angle=angle)
    there = bent.to_moving(points(seed))
    assert bent.max_strain < 1 and bent.min_jacobian > 0
    assert np.abs(bent.to_fixed(there) - points(seed)).max() < 1e-5


@given(st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_a_grid_has_the_displacement_of_its_points(seed: int) -> None:
    bent = field(seed)
    xs, ys = np.linspace(-4, 170, 9), np.linspace(-4, 130, 7)
    grid = np.stack(np.meshgrid(xs, ys), -1).reshape(-1, 2)
    assert np.allclose(bent.displacement(xs, ys).reshape(-1, 2), bent.displaced(grid) - grid, atol=1e-9)


def test_the_jacobian_is_that_of_finite_differences() -> None:
    bent = field(3, smooth=4.0, drift=1.5)
    xs, ys, step = np.arange(0.0, 159, 2), np.arange(0.0, 119, 2), 1e-4
    grid = np.stack(np.meshgrid(xs, ys), -1).reshape(-1, 2)
    by_x, by_y = (
        (bent.displaced(grid + each) - bent.displaced(grid - each)) / (2 * step)
        for each in ([step, 0], [0, step])
    )
    smallest = (by_x[:, 0] * by_y[:, 1] - by_x[:, 1] * by_y[:, 0]).min()
    assert bent.min_jacobian <= smallest + 1e-3
    assert bent.min_jacobian > smallest - 0.25  # a bound: the worst of field and drift may not meet


def test_a_fold_is_seen() -> None:
    assert field(1, smooth=60.0).min_jacobian < 0
    assert field(1, drift=60.0, angle=1.5).min_jacobian < 0


def test_json_keeps_the_transform() -> None:
    bent = field(5)
    again = DisplacementField.from_json(json.loads(json.dumps(bent.to_json())))
    assert np.abs(again.to_moving(points(5)) - bent.to_moving(points(5))).max() < 1e-4
    assert np.allclose(again.error, bent.error, atol=1e-5)


def test_the_field_of_a_view_is_that_of_its_image() -> None:
    bent = field(6)
    fixed_from_view = np.array([[2.0, 0, 7], [0, 2, 3], [0, 0, 1]])
    of_image = bent.of_image(fixed_from_view)
    in_image = points(6) @ fixed_from_view[:2, :2].T + fixed_from_view[:2, 2]
    assert np.allclose(of_image.to_moving(in_image), bent.to_moving(points(6)), atol=1e-9)
    assert np.isclose(of_image.error_px, 2 * bent.error_px)


def test_the_standard_error_is_interpolated_between_its_grid_points() -> None:
    bent = field(7)
    corner = bent.standard_error(np.array([-0.5, 159.5]), np.array([-0.5, 119.5]))
    assert np.allclose(corner[0, 0], bent.error[:, 0, 0]) and np.allclose(corner[1, 1], bent.error[:, -1, -1])


@pytest.mark.parametrize("interpolation", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_without_displacement_it_resamples_like_a_matrix(interpolation, dtype) -> None:
    straight = field(8, smooth=0.0, drift=0.0)
    pixels = (np.random.default_rng(8).random((100, 140, 2)) * 200).astype(dtype)
    expected = resample(pixels, straight.moving_from_fixed, SHAPE, interpolation)
    found = resample_through(pixels, straight, SHAPE, interpolation)
    assert found.dtype == dtype
    assert np.abs(found.astype(float) - expected.astype(float)).max() <= (1 if dtype == np.uint8 else 1e-3)
    inside = coverage_through(pixels.shape, straight, SHAPE)
    assert (inside == coverage(pixels.shape, straight.moving_from_fixed, SHAPE)).all()


def test_pixels_come_from_the_points_of_the_field() -> None:
    bent = field(9)
    rows, columns = np.mgrid[:100, :140].astype(np.float32)
    found = [resample_through(axis, bent, SHAPE) for axis in (columns, rows)]
    at = np.array([[60.0, 40], [100, 70], [30, 90]])
    expected = bent.to_moving(at)
    values = np.stack([axis[at[:, 1].astype(int), at[:, 0].astype(int)] for axis in found], 1)
    assert np.abs(values - expected).max() < 1e-3


def test_a_binned_channel_is_laid_on_the_moving_image() -> None:
    bent = field(10)
    ramp = np.add.outer(np.arange(100.0), 2 * np.arange(140.0)).astype(np.float32)
    binned = ramp.reshape(50, 2, 70, 2).mean((1, 3))
    linear = bent.moving_from_fixed
    found = apply(binned, linear, ramp.shape, SHAPE, same_field=True, field=bent)
    whole = apply(ramp, linear, ramp.shape, SHAPE, field=bent)
    inner = np.zeros(SHAPE, bool)
    inner[20:100, 30:130] = True
    used = inner & (whole > 0) & (found > 0)
    assert used.sum() > 3000 and np.quantile(np.abs(found - whole)[used], 0.98) < 0.6


def test_labels_keep_their_values() -> None:
    labels = np.random.default_rng(2).integers(0, 2, (100, 140)).astype(bool)
    bent = field(11)
    assert apply(labels, bent.moving_from_fixed, labels.shape, SHAPE, field=bent).dtype == bool
