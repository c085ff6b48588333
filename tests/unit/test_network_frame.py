"""Network inputs: positions, scale and padding for any size, shape and pixel spacing."""

import numpy as np
import pytest

from xebra.estimate.network_frame import frame_image, frame_pair
from xebra.image import Image
from xebra.transform import SimilarityTransform, image_center, map_points

SIZE = 128


def _blobs(shape, centers, sigma):
    y, x = np.mgrid[: shape[0], : shape[1]]
    return sum(np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * sigma**2)) for cx, cy in centers).astype(
        np.float32
    )


def _brightest(view):
    """Sub-pixel place (x, y) of the one blob in a view."""
    values = np.clip(view[0, 0] - 0.3 * view.max(), 0, None)
    y, x = np.mgrid[: view.shape[2], : view.shape[3]]
    return np.array([(x * values).sum(), (y * values).sum()]) / values.sum()


@pytest.mark.parametrize("shape", [(256, 256), (100, 100), (300, 700), (700, 300), (1023, 1025)])
def test_a_point_of_the_image_appears_at_its_mapped_position(shape):
    at = np.array([0.55 * shape[1], 0.42 * shape[0]])
    framed = frame_image(Image(_blobs(shape, [at], max(shape) / 40)), SIZE)
    assert framed.view().shape == (1, 1, SIZE, SIZE)
    expected = map_points(np.linalg.inv(framed.image_from_network), at)
    assert np.allclose(_brightest(framed.view()), expected, atol=0.05)


@pytest.mark.parametrize("shape", [(256, 256), (300, 700), (99, 64)])
def test_the_centres_coincide(shape):
    framed = frame_image(Image(_blobs(shape, [(10, 10)], 5)), SIZE)
    center = map_points(framed.image_from_network, np.array(image_center((SIZE, SIZE))))
    assert np.allclose(center, image_center(shape))


def test_a_view_through_a_transform_moves_the_image():
    framed = frame_image(Image(_blobs((256, 256), [(150, 120)], 6)), SIZE)
    turn = SimilarityTransform(1.1, 0.4, (5.0, -3.0), image_center((SIZE, SIZE)))
    moved = framed.view(np.linalg.inv(turn.matrix))
    assert np.allclose(_brightest(moved), turn(_brightest(framed.view())), atol=0.05)


def test_a_view_is_the_mean_outside_the_image():
    image = Image(_blobs((100, 300), [(150, 50)], 20))
    view = frame_image(image, SIZE).view()[0, 0]
    assert view[0, 0] == pytest.approx(image.gray.mean(), rel=0.05)
    assert view[SIZE // 2, SIZE // 2] > 0.9


def test_known_spacings_bring_both_images_to_one_physical_scale():
    """The moving image has twice the field of view; without spacings it fills the frame."""
    fixed, moving = _blobs((256, 256), [(100, 90)], 8), _blobs((256, 256), [(100, 90)], 8)
    known = frame_pair(Image(fixed, 0.1), Image(moving, 0.2), SIZE)
    unknown = frame_pair(Image(fixed, 0.1), Image(moving), SIZE)
    assert known[0].step == unknown[0].step == unknown[1].step == 2
    assert known[1].step == 1
