"""Resampling puts values where the transform puts points, and changes nothing else."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xebra import resample as resampling
from xebra.image import DTYPES
from xebra.resample import coverage, resample, shrunk
from xebra.transform import SimilarityTransform, image_center, map_points

RANDOM = np.random.default_rng(1)


def blob(shape, at, sigma):
    """A Gaussian spot at ``at`` (x, y) px."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    return np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * sigma**2))


def centroid(pixels):
    """Centre of mass (x, y) px."""
    y, x = np.ogrid[: pixels.shape[0], : pixels.shape[1]]
    return np.array([(pixels * x).sum(), (pixels * y).sum()]) / pixels.sum()


def moving_from_fixed(moving_shape, fixed_shape, scale, angle=0.0, shift=(0.0, 0.0), mirror=False):
    """A rotation and scaling with the moving centre at ``shift`` from the fixed one."""
    center = image_center(moving_shape)
    translation = np.subtract(image_center(fixed_shape), center) + shift
    return SimilarityTransform(scale, angle, tuple(translation), center, mirror).inverse().matrix


@settings(max_examples=60, deadline=None)
@given(
    scale=st.floats(0.1, 4),
    angle=st.floats(-math.pi, math.pi),
    shift=st.tuples(st.floats(-3, 3), st.floats(-3, 3)),
    off_center=st.tuples(st.floats(-20, 20), st.floats(-20, 20)),
    mirror=st.booleans(),
    sides=st.tuples(st.integers(200, 260), st.integers(280, 330)),
)
def test_a_spot_lands_where_the_point_is_mapped(scale, angle, shift, off_center, mirror, sides):
    sigma = max(4.0, 1.5 / scale)  # wide enough to be sampled by either grid
    fixed_shape = tuple(int(220 * max(scale, 0.4)) + extra for extra in (0, 37))
    matrix = moving_from_fixed(sides, fixed_shape, scale, angle, shift, mirror)
    at = np.add(image_center(sides), off_center)
    landed = centroid(resample(blob(sides, at, sigma), matrix, fixed_shape))
    assert landed == pytest.approx(map_points(np.linalg.inv(matrix), at), abs=0.01)


@pytest.mark.parametrize("scale", [0.05, 0.125, 0.25, 0.5, 1, 2, 3])
def test_no_scale_shifts_the_picture(scale):
    shape = (401, 322)
    fixed_shape = (math.ceil(401 * scale), math.ceil(322 * scale))
    matrix = moving_from_fixed(shape, fixed_shape, scale)
    landed = centroid(resample(blob(shape, image_center(shape), 30), matrix, fixed_shape))
    assert landed == pytest.approx(image_center(fixed_shape), abs=0.01)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(70, 90), (70, 90, 3)])
def test_identity_changes_no_value_and_no_dtype(dtype, shape):
    pixels = (RANDOM.random(shape) * 100).astype(dtype)
    same = resample(pixels, np.eye(3), shape[:2])
    assert same.dtype == dtype
    np.testing.assert_array_equal(same, pixels)


def test_32_bit_counts_keep_their_last_bit():
    pixels = RANDOM.integers(2**32 - 1000, 2**32, (70, 90), dtype=np.uint32)
    np.testing.assert_array_equal(resample(pixels, np.eye(3), pixels.shape), pixels)


def test_a_quarter_turn_is_numpys_rot90():
    pixels = RANDOM.integers(0, 65536, (300, 200), dtype=np.uint16)
    matrix = moving_from_fixed((300, 200), (200, 300), 1.0, math.pi / 2)
    np.testing.assert_array_equal(resample(pixels, matrix, (200, 300)), np.rot90(pixels, -1))


def test_integers_are_rounded_not_cut():
    ramp = np.tile(np.arange(0, 200, 2, dtype=np.uint8), (80, 1))
    moved = resample(ramp, SimilarityTransform(translation=(0.4, 0)).matrix, (80, 99))
    np.testing.assert_array_equal(moved, ramp[:, :99] + 1)


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32"])
def test_the_largest_and_smallest_integers_do_not_wrap(dtype):
    limits = np.iinfo(dtype)
    pixels = RANDOM.choice([limits.min, limits.max], (90, 90)).astype(dtype)
    moved = resample(pixels, moving_from_fixed((90, 90), (90, 90), 1.7, 0.3), (90, 90))
    assert (moved.min(), moved.max()) == (limits.min, limits.max)


def test_outside_is_zero_and_inside_is_covered():
    matrix = moving_from_fixed((80, 120), (200, 150), 0.9, 0.5, (20, -30))
    values = resample(np.ones((80, 120), np.float32), matrix, (200, 150))
    np.testing.assert_array_equal(values, coverage((80, 120), matrix, (200, 150)).astype(np.float32))
    assert 0 < values.mean() < 1


@given(st.floats(0.3, 3), st.floats(-4, 4), st.tuples(st.floats(-99, 99), st.floats(-99, 99)))
def test_coverage_is_the_moving_image_to_the_outer_edges_of_its_pixels(scale, angle, shift):
    matrix = moving_from_fixed((70, 90), (100, 64), scale, angle, shift)
    y, x = np.mgrid[:100, :64]
    at = map_points(matrix, np.stack([x, y], -1))
    beyond = np.max([-0.5 - at, at - [89.5, 69.5]], axis=(0, -1))
    clear = np.abs(beyond) > 1e-5  # at the very edge, rounding may decide
    np.testing.assert_array_equal(coverage((70, 90), matrix, (100, 64))[clear], (beyond < 0)[clear])


def test_an_image_far_away_leaves_zeros():
    far = SimilarityTransform(translation=(1e6, 0)).matrix
    assert not resample(np.ones((64, 64)), far, (64, 64)).any()
    assert not coverage((64, 64), far, (64, 64)).any()


@pytest.mark.parametrize("scale", [0.11, 0.4, 1.0, 2.5])
def test_tiles_leave_no_seam(scale, monkeypatch):
    pixels = RANDOM.random((400, 500))
    matrix = moving_from_fixed(pixels.shape, (300, 310), scale, 0.7)
    whole = resample(pixels, matrix, (300, 310))
    monkeypatch.setattr(resampling, "TILE", 1)
    np.testing.assert_allclose(resample(pixels, matrix, (300, 310)), whole, atol=1e-12)


def test_fine_stripes_become_gray_instead_of_aliasing():
    stripes = np.tile(np.array([0.0, 1.0]), (300, 150))
    fixed = resample(stripes, moving_from_fixed((300, 300), (60, 60), 0.3), (60, 60))
    assert np.abs(fixed[8:-8, 8:-8] - 0.5).max() < 0.02


def test_a_flat_image_stays_flat_at_every_scale():
    for scale in (0.02, 0.3, 1, 3):
        matrix = moving_from_fixed((500, 500), (90, 90), scale)
        values = resample(np.full((500, 500), 7.25), matrix, (90, 90))
        assert values[coverage((500, 500), matrix, (90, 90))] == pytest.approx(7.25)


def test_each_colour_is_resampled_like_gray():
    pixels = RANDOM.integers(0, 256, (120, 130, 4), dtype=np.uint8)
    matrix = moving_from_fixed((120, 130), (90, 80), 0.45, 0.2)
    together = resample(pixels, matrix, (90, 80))
    for channel in range(4):
        np.testing.assert_array_equal(
            together[..., channel], resample(pixels[..., channel], matrix, (90, 80))
        )


@pytest.mark.parametrize("shape", [(1000, 333), (64, 1500), (1001, 1001)])
def test_shrunk_fits_and_returns_the_positions_of_its_pixels(shape):
    at = np.array([shape[1] * 0.52, shape[0] * 0.47])
    small, pixels_from_small = shrunk(blob(shape, at, 20), 200)
    assert max(small.shape) == 200
    if min(shape) > 200:  # a spot that fits the image
        assert map_points(pixels_from_small, centroid(small)) == pytest.approx(at, abs=0.05)


def test_shrunk_leaves_a_small_image_alone():
    pixels = np.ones((100, 80), np.uint8)
    small, matrix = shrunk(pixels, 100)
    assert small is pixels
    np.testing.assert_array_equal(matrix, np.eye(3))


@pytest.mark.parametrize("ratio", [1.5, 1.7, 1.85])
def test_stripes_finer_than_the_grid_fade_at_every_ratio(ratio):
    """The finest stripes of the moving image are above the fixed grid's limit of resolution."""
    pixels = np.tile(np.float32([0, 1]), (64, 64))
    matrix = np.diag([ratio, ratio, 1.0])
    inner = resample(pixels, matrix, (int(64 / ratio), int(128 / ratio)))[4:-4, 4:-4]
    assert inner.std() < 0.2 < pixels.std()
