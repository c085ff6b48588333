"""Ring artefacts that two reconstructions share are not what is registered."""

import numpy as np
import pytest
from support.labelled import shifted_views

import xebra
from xebra.transform import corner_error
from xebra.usable_area import UsableArea, usable_areas, without_fixed_lines, without_fixed_rings

SHAPE = (256, 256)
WHOLE = UsableArea(np.ones(SHAPE, bool))
SHIFT = (23.0, -17.0)


def rings(seed: int, deviation: float, centre: float = 127.5, width: float = 1.0) -> np.ndarray:
    """Return rings (256, 256) of random offsets about the centre of the image or about a px beside it."""
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]] - centre
    offsets = np.random.default_rng(seed).normal(0, deviation, 300)
    return np.interp(np.hypot(x, y) / width, np.arange(300), offsets)


@pytest.mark.parametrize(("centre", "width"), [(127.5, 1.0), (128.0, 1.0), (127.5, 2.5)])
@pytest.mark.parametrize("seed", range(3))
def test_a_specimen_that_has_moved_behind_rings_is_registered(seed: int, centre: float, width: float) -> None:
    fixed, moving, matrix = shifted_views(SHAPE, seed, SHIFT, 0.15)
    noise = rings(seed, 0.4, centre, width)
    result = xebra.register(fixed + noise, moving + noise)
    assert result.verdict == "accept"
    assert corner_error(result.fixed_from_moving @ matrix, np.eye(3), SHAPE) < 1.5


@pytest.mark.parametrize("seed", range(4))
def test_rings_over_nothing_else_are_not_accepted(seed: int) -> None:
    rng, noise = np.random.default_rng(seed), rings(seed, 0.2)
    result = xebra.register(*(noise + rng.normal(0.5, 0.1, SHAPE) for _ in range(2)))
    assert result.verdict != "accept"


@pytest.mark.parametrize("values", [np.float32, np.uint16, np.uint32])
def test_rings_are_subtracted_whatever_the_values(values: type) -> None:
    fixed, moving, _ = shifted_views(SHAPE, 1, SHIFT)
    scale = {np.float32: 1e-3, np.uint16: 1e3, np.uint32: 1e3}[values]
    start = 2**31 if values is np.uint32 else 3 * scale
    noise = rings(1, 0.3)
    images = [(start + scale * (view + noise)).astype(values) for view in (fixed, moving)]
    found = without_fixed_rings(*images, WHOLE, WHOLE)
    assert found is not None
    for image, view in zip(found, (fixed, moving), strict=True):
        left = np.diff((image - start) / scale - view, axis=1)
        assert left.std() < 0.5 * np.diff(noise, axis=1).std()


@pytest.mark.parametrize("seed", range(4))
def test_images_that_share_no_rings_are_left_as_they_are(seed: int) -> None:
    fixed, moving, _ = shifted_views(SHAPE, seed, SHIFT)
    assert without_fixed_rings(fixed, moving, WHOLE, WHOLE) is None
    own = [view + rings(number, 0.3) for number, view in enumerate((fixed, moving))]
    assert without_fixed_rings(*own, WHOLE, WHOLE) is None
    still, again, _ = shifted_views(SHAPE, seed, (0.0, 0.0))
    assert without_fixed_rings(still, again, WHOLE, WHOLE) is None
    noise = rings(seed, 0.1)
    assert without_fixed_rings(still + noise, again + noise, WHOLE, WHOLE) is None  # the specimen is at rest
    assert without_fixed_rings(fixed, moving[:, :-1], WHOLE, WHOLE) is None


@pytest.mark.parametrize("seed", range(60))
def test_a_particle_that_has_hardly_moved_makes_no_rings_and_no_lines(seed: int) -> None:
    """Its edges are at nearly the same columns, rows and radii in both images, but not along all of them."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]]
    center, size, images = rng.uniform(40, 216, 2), rng.uniform(25, 50), []
    for level in (0.0, 0.1):
        column, row = center + rng.uniform(-6, 6, 2)
        inside = np.hypot(x - column, y - row) < size * (
            1 + 0.15 * np.sin(5 * np.arctan2(y - row, x - column))
        )
        images.append(np.where(inside, level, 0.9) + rng.normal(0, 0.01, SHAPE))
    areas = usable_areas(*images)
    assert without_fixed_rings(*images, *areas) is None
    assert without_fixed_lines(*images, *areas) is None


def test_a_field_stop_and_the_circle_of_a_reconstruction_are_no_rings() -> None:
    y, x = np.mgrid[: SHAPE[0], : SHAPE[1]] - 127.5
    passes = 1 / (1 + np.exp(np.hypot(x, y) - 118))
    for seed in range(4):
        images = [view * passes for view in shifted_views(SHAPE, seed, SHIFT)[:2]]
        assert without_fixed_rings(*images, *usable_areas(*images)) is None


def test_images_without_usable_px_have_no_rings() -> None:
    none = UsableArea(np.zeros(SHAPE, bool))
    fixed, moving, _ = shifted_views(SHAPE, 2, SHIFT)
    assert without_fixed_rings(fixed, moving, none, none) is None
    assert (
        without_fixed_rings(fixed[:1, :1], moving[:1, :1], *[UsableArea(np.ones((1, 1), bool))] * 2) is None
    )


def test_px_outside_of_the_usable_area_do_not_count() -> None:
    fixed, moving, _ = shifted_views(SHAPE, 2, SHIFT)
    noise = rings(2, 0.3)
    images = [view + noise for view in (fixed, moving)]
    for image in images:
        image[220:] = 9.0
        image[:40, ::3] = np.nan
    areas = usable_areas(*images)
    found = without_fixed_rings(*images, *areas)
    assert found is not None
    left = np.diff(found[0] - fixed, axis=1)[areas[0].mask[:, 1:] & areas[0].mask[:, :-1]]
    assert left.size > 10_000 and left.std() < 0.5 * np.diff(noise, axis=1).std()
