"""Views of an image pyramid: sampling, binning and coverage."""

import numpy as np
import pytest
from scipy import ndimage

from xebra.estimate.image_pyramid import ImagePyramid
from xebra.estimate.resampling import sample
from xebra.image import Image
from xebra.resample import resample
from xebra.transform import SimilarityTransform, image_center, map_points

RANDOM = np.random.default_rng(6)


def view_matrix(step, x, y):
    """Return the 3 x 3 image_from_view with ``step`` image px per px and the first px centred at (x, y)."""
    return np.array([[step, 0, x], [0, step, y], [0, 0, 1.0]])


def test_the_identity_view_is_the_image():
    image = Image(RANDOM.random((96, 96)))
    values, inside = ImagePyramid(image).view(np.eye(3), 96)
    assert np.allclose(values, image.gray, atol=1e-6)
    assert (inside == 1).all()


def test_a_view_is_the_image_resampled_by_its_transform():
    image = Image(RANDOM.random((90, 120)).astype(np.float32))
    turned = SimilarityTransform(1.0, 0.5, (4, -7), image_center((100, 100))).matrix
    values, inside = ImagePyramid(image).view(turned, 100)
    assert 0.3 < (inside == 1).mean() < 0.95
    expected = resample(image.gray, turned, (100, 100))
    assert np.allclose(values[inside == 1], expected[inside == 1], atol=1e-4)


@pytest.mark.parametrize("step", [0.5, 1.0, 2.0, 3.3])
@pytest.mark.parametrize("start", [-20.0, -20.3, -33.75])
def test_the_coverage_mask_matches_the_image(step, start):
    inside = ImagePyramid(Image(RANDOM.random((80, 80)))).view(view_matrix(step, start, start), 250)[1]
    row = inside[round((39.5 - start) / step)]
    assert row.sum() * step == pytest.approx(80, abs=1e-3)
    assert row @ (np.arange(250) * step + start) / row.sum() == pytest.approx(39.5, abs=0.02 * step)


def test_a_view_is_zero_outside_the_image():
    values, inside = ImagePyramid(Image(RANDOM.random((64, 64)) + 5)).view(view_matrix(1, -40, -40), 128)
    assert not inside[:39].any() and not values[inside == 0].any()


@pytest.mark.parametrize("side", [1024, 1023])
@pytest.mark.parametrize("step", [1.5, 4.0, 7.0])
def test_binned_levels_keep_positions(side, step):
    at = np.array([0.55 * side, 0.42 * side])
    y, x = np.mgrid[:side, :side]
    blob = np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * (4 * step) ** 2))
    pyramid = ImagePyramid(Image(blob.astype(np.float32)))
    size = int(side / step)
    values = pyramid.view(view_matrix(step, 3.0, 5.0), size)[0]
    rows, columns = np.mgrid[:size, :size]
    brightest = np.array([(columns * values).sum(), (rows * values).sum()]) / values.sum()
    assert np.allclose(map_points(view_matrix(step, 3.0, 5.0), brightest), at, atol=0.05 * step)


@pytest.mark.parametrize("border", [0, 2])
def test_sampling_is_bilinear_and_zero_beyond_the_border(border):
    pixels = RANDOM.random((50, 70)).astype(np.float32)
    turned = SimilarityTransform(0.8, 0.6, (9, -4), image_center((40, 90))).matrix
    found = sample(pixels, turned, (40, 90), border)
    expected = ndimage.affine_transform(
        pixels, turned[1::-1, 1::-1], turned[1::-1, 2], output_shape=(40, 90), order=1, mode="nearest"
    )
    y, x = np.mgrid[:40, :90]
    at_x, at_y = (row[0] * x + row[1] * y + row[2] for row in turned[:2])
    beyond = np.maximum(np.abs(at_x - 34.5) - 35, np.abs(at_y - 24.5) - 25)  # px outside the edges
    assert np.allclose(found[beyond < border - 0.01], expected[beyond < border - 0.01], atol=1e-5)
    assert (beyond > border + 1).any() and not found[beyond > border + 0.01].any()


def test_a_view_far_from_the_image_is_zero():
    far = np.array([[1, 0, 500], [0, 1, -900], [0, 0, 1.0]])
    assert not sample(np.ones((20, 20), np.float32), far, (16, 16)).any()
