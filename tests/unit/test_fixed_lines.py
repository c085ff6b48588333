"""Offsets of columns and rows that two images share are not what is registered."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from support.labelled import shifted_views

import xebra
from xebra.transform import corner_error
from xebra.usable_area import UsableArea, usable_areas, without_fixed_lines

SHAPE = (240, 256)
WHOLE = UsableArea(np.ones(SHAPE, bool))


def lines(kind: str, seed: int, deviation: float) -> np.ndarray:
    rng = np.random.default_rng(seed)
    columns, rows = rng.normal(0, deviation, (1, SHAPE[1])), rng.normal(0, deviation, (SHAPE[0], 1))
    return {"columns": columns, "rows": rows, "both": columns + rows}[kind] + np.zeros(SHAPE)


@pytest.mark.parametrize("kind", ["columns", "rows", "both"])
@pytest.mark.parametrize("seed", range(4))
def test_a_specimen_that_has_moved_behind_noise_of_lines_is_registered(kind: str, seed: int) -> None:
    fixed, moving, matrix = shifted_views(SHAPE, seed, (23.0, -17.0), 0.15)
    noise = lines(kind, seed, 0.3)
    result = xebra.register(fixed + noise, moving + noise)
    assert result.verdict == "accept"
    assert corner_error(result.fixed_from_moving @ matrix, np.eye(3), SHAPE) < 1.5


@pytest.mark.parametrize("kind", ["columns", "rows"])
@pytest.mark.parametrize("seed", range(4))
def test_noise_of_lines_over_nothing_else_is_not_accepted(kind: str, seed: int) -> None:
    rng, noise = np.random.default_rng(seed), lines(kind, seed, 0.2)
    result = xebra.register(*(noise + rng.normal(0.5, 0.1, SHAPE) for _ in range(2)))
    assert result.verdict != "accept"


@pytest.mark.parametrize("values", [np.float32, np.uint16, np.uint32])
def test_offsets_are_subtracted_whatever_the_values(values: type) -> None:
    fixed, moving, _ = shifted_views(SHAPE, 1, (23.0, -17.0))
    scale = {np.float32: 1e-3, np.uint16: 1e3, np.uint32: 1e3}[values]
    start = 2**31 if values is np.uint32 else 3 * scale
    noise = lines("columns", 1, 0.2)
    images = [(start + scale * (view + noise)).astype(values) for view in (fixed, moving)]
    found = without_fixed_lines(*images, WHOLE, WHOLE)
    assert found is not None
    for image, view in zip(found, (fixed, moving), strict=True):
        left = (image - start) / scale - view
        left -= gaussian_filter(left, (0, 12))
        assert left.std() < 0.25 * 0.2


@pytest.mark.parametrize("deviation", [0.008, 0.08])
@pytest.mark.parametrize("seed", range(4))
def test_unsigned_integers_have_the_steps_of_their_values(seed: int, deviation: float) -> None:
    noise = lines("columns", seed, deviation)
    images = [np.round(1000 * (view + noise) + 500) for view in shifted_views(SHAPE, seed, (23.0, -17.0))[:2]]
    assert min(image.min() for image in images) >= 0
    as_values = without_fixed_lines(*images, WHOLE, WHOLE)
    as_integers = without_fixed_lines(*(image.astype(np.uint16) for image in images), WHOLE, WHOLE)
    assert (as_values is None) == (as_integers is None) == (deviation < 0.01)
    assert as_values is None or np.allclose(as_values[0], as_integers[0], atol=1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_images_that_share_no_lines_are_left_as_they_are(seed: int) -> None:
    fixed, moving, _ = shifted_views(SHAPE, seed, (23.0, -17.0))
    assert without_fixed_lines(fixed, moving, WHOLE, WHOLE) is None
    own = [view + lines("columns", number, 0.2) for number, view in enumerate((fixed, moving))]
    assert without_fixed_lines(*own, WHOLE, WHOLE) is None
    still, again, _ = shifted_views(SHAPE, seed, (0.0, 0.0))
    assert without_fixed_lines(still, again, WHOLE, WHOLE) is None  # the specimen is the same in both
    assert without_fixed_lines(fixed, moving[:, :-1], WHOLE, WHOLE) is None


def test_layers_that_have_moved_along_themselves_are_registered() -> None:
    fixed, moving, matrix = shifted_views(SHAPE, 3, (0.0, 31.0))
    layers = gaussian_filter(np.random.default_rng(3).normal(size=SHAPE[1]), 4)[None] * 2
    result = xebra.register(fixed + layers, moving + layers)
    assert result.verdict == "accept"
    assert corner_error(result.fixed_from_moving @ matrix, np.eye(3), SHAPE) < 1


def test_px_outside_of_the_usable_area_do_not_count() -> None:
    fixed, moving, _ = shifted_views(SHAPE, 2, (23.0, -17.0))
    noise = lines("columns", 2, 0.2)
    images = [view + noise for view in (fixed, moving)]
    for image in images:
        image[200:] = 9.0
        image[:40, ::3] = np.nan
    areas = usable_areas(*images)
    found = without_fixed_lines(*images, *areas)
    assert found is not None
    left = (found[0] - fixed)[60:180]
    left = (left - gaussian_filter(left, (0, 12)))[areas[0].mask[60:180]]
    assert left.size > 10_000 and left.std() < 0.3 * 0.2
