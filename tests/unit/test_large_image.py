"""Views of large images, sampled from their own pixels, equal those of an image that is held whole."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from xebra.estimate import large_image
from xebra.estimate.image_pyramid import ImagePyramid
from xebra.image import Image
from xebra.usable_area import pair as pair_module
from xebra.usable_area import usable_areas

SHAPE = (700, 530)


def scene(dtype: str, seed: int = 0) -> np.ndarray:
    """Return a smooth random image that fills the range of a type."""
    random = np.random.default_rng(seed)
    image = ndimage.gaussian_filter(random.standard_normal(SHAPE), 3)
    image = (image - image.min()) / np.ptp(image)
    most = 1e3 if np.dtype(dtype).kind == "f" else min(np.iinfo(dtype).max, 2**31)
    return (image * most).astype(dtype)


def views(step: float) -> list[np.ndarray]:
    """Return the 3 x 3 image_from_view of views inside, across the edge, rotated, and outside."""
    turned = step * np.array([[np.cos(0.4), -np.sin(0.4)], [np.sin(0.4), np.cos(0.4)]])
    found = []
    for linear, start in (
        (step * np.eye(2), (101.0, 77.0)),
        (step * np.eye(2), (-40.0, 600.0)),
        (turned, (250.0, 90.5)),
        (step * np.eye(2), (5000.0, 90.5)),
    ):
        matrix = np.eye(3)
        matrix[:2, :2], matrix[:2, 2] = linear, start
        found.append(matrix)
    return found


@pytest.fixture(params=["uint8", "uint16", "uint32", "float32"])
def dtype(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize("masked", [False, True])
def test_a_large_image_has_the_views_of_one_that_is_held_whole(
    dtype: str, masked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, mask = Image(scene(dtype)), None
    if masked:
        mask = np.ones(SHAPE, bool)
        mask[:, 200:320] = False
    whole = ImagePyramid(image, mask)
    monkeypatch.setattr(large_image, "MAX_SIDE", 200)
    monkeypatch.setattr(large_image, "STRIP_PX", 530 * 64)
    large = ImagePyramid(image, mask)
    assert large_image.binning(SHAPE) == 2
    for step in (1.0, 1.9, 4.0, 8.0):
        for matrix in views(step):
            one, other = whole.view(matrix, 64), large.view(matrix, 64)
            covered = np.minimum(one[1], other[1]) > 0.99
            assert np.abs(one[1] - other[1]).mean() < 0.06  # the edge of the mask is binned
            if covered.any():
                assert np.abs(one[0] - other[0])[covered].max() < 0.02


def test_a_large_image_is_held_binned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_image, "MAX_SIDE", 200)
    pyramid = ImagePyramid(Image(scene("uint8")))
    assert pyramid.level(1.0)[0].shape == (175, 133)


def test_a_data_bar_of_a_large_image_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pair_module, "LARGE_PX", 256)
    image = scene("uint8")
    image[640:], image[660:680, 20:200:4] = 0, 255
    found, other = usable_areas(image, np.ascontiguousarray(scene("uint8", 1)))
    assert found.mask.shape == SHAPE and other.mask.all()
    assert not found.mask[650:].any() and found.mask[:600].all()
    assert "data bar" in found.excluded


def test_a_given_mask_of_a_large_image_is_kept_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pair_module, "LARGE_PX", 256)
    mask = np.random.default_rng(1).random(SHAPE) > 0.3
    found, _ = usable_areas(scene("uint8"), scene("uint8", 1), mask)
    assert np.array_equal(found.mask, mask)
