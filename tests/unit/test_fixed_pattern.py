"""Dust and a beam stop, at the same place in both images, are not what is registered."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from support.labelled import textured

import xebra
from xebra.resample import resample
from xebra.transform import SimilarityTransform, corner_error, image_center
from xebra.usable_area import UsableArea, fixed_pattern

SIDE = 256
WHOLE = UsableArea(np.ones((SIDE, SIDE), bool))


def moved(
    seed: int, shift: tuple[float, float], contrast: float = 0.06, noise: float = 0.05
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return two views of a specimen, weak beside their noise, and moving_from_fixed."""
    rng, shown = np.random.default_rng(seed), textured(seed, 400)
    shown = 0.5 + contrast * shown / np.abs(shown).max()
    turn = rng.uniform(-0.2, 0.2) if any(shift) else 0.0
    matrix = SimilarityTransform(1.0, turn, shift, image_center((SIDE, SIDE))).matrix
    inside = np.array([[1, 0, 72.0], [0, 1, 72.0], [0, 0, 1]])
    views = (resample(shown, at, (SIDE, SIDE)) for at in (inside, inside @ np.linalg.inv(matrix)))
    fixed, moving = (view + rng.normal(0, noise, view.shape) for view in views)
    return fixed, moving, matrix


def grains_at_the_edge(seed: int, shift: tuple[float, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return two views of dark grains on one side of a bright image, and moving_from_fixed."""
    rng = np.random.default_rng(seed)
    grains = gaussian_filter(rng.normal(size=(400, 400)), 4)
    dark = (grains > 0.3 * grains.std()) & (np.arange(400)[:, None] > 250)
    shown = 0.95 - 0.7 * gaussian_filter(dark.astype(float), 1)
    turn = rng.uniform(-0.1, 0.1) if any(shift) else 0.0
    matrix = SimilarityTransform(1.0, turn, shift, image_center((SIDE, SIDE))).matrix
    inside = np.array([[1, 0, 72.0], [0, 1, 72.0], [0, 0, 1]])
    views = (resample(shown, at, (SIDE, SIDE)) for at in (inside, inside @ np.linalg.inv(matrix)))
    fixed, moving = (view + rng.normal(0, 0.01, view.shape) for view in views)
    return fixed, moving, matrix


def dust(seed: int, grains: int = 30) -> np.ndarray:
    """Return what grains of dust let pass, 0 to 1."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:SIDE, :SIDE]
    opaque = np.zeros((SIDE, SIDE))
    for _ in range(grains):
        row, column = rng.uniform(0, SIDE, 2)
        spot = np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * rng.uniform(2, 7) ** 2))
        opaque = np.maximum(opaque, rng.uniform(0.4, 1) * spot)
    return 1 - opaque


def beam_stop() -> np.ndarray:
    """Return where a disc on a bar stops the beam."""
    y, x = np.mgrid[:SIDE, :SIDE] - 128
    return (np.hypot(y, x) < 36) | ((abs(x) < 5) & (y > 0))


def error_px(result: xebra.Registration, matrix: np.ndarray) -> float:
    return corner_error(result.fixed_from_moving @ matrix, np.eye(3), (SIDE, SIDE))


@pytest.mark.parametrize("seed", range(6))
def test_dust_on_the_detector_is_not_registered(seed: int) -> None:
    fixed, moving, matrix = moved(seed, (34.0, -21.0))
    passes = dust(seed)
    result = xebra.register(fixed * passes, moving * passes)
    assert result.verdict == "accept" and error_px(result, matrix) < 1
    assert "same in both images" in result.fixed_area.excluded


@pytest.mark.parametrize("seed", range(6))
def test_dust_over_images_that_show_nothing_else_is_not_accepted(seed: int) -> None:
    rng, passes = np.random.default_rng(seed), dust(seed, 12)
    fixed, moving = ((0.5 + rng.normal(0, 0.05, (SIDE, SIDE))) * passes for _ in range(2))
    result = xebra.register(fixed, moving)
    assert result.verdict != "accept" and result.expected_corner_error_px > 5


@pytest.mark.parametrize("seed", range(6))
def test_a_small_displacement_under_dust_is_that_of_the_specimen(seed: int) -> None:
    fixed, moving, matrix = moved(seed, (5.0, -4.0), contrast=0.12)
    passes = dust(seed, 60)
    result = xebra.register(fixed * passes, moving * passes)
    assert result.verdict == "accept" and error_px(result, matrix) < 1.5


@pytest.mark.parametrize("seed", range(10))
def test_dust_over_a_specimen_at_the_edge_of_an_empty_image_is_not_registered(seed: int) -> None:
    rng, passes = np.random.default_rng(seed), dust(seed)
    fixed, moving, matrix = grains_at_the_edge(seed, (rng.uniform(-40, 40), rng.uniform(-25, 5)))
    result = xebra.register(fixed * passes, moving * passes)
    assert result.verdict != "accept" or error_px(result, matrix) < 5


@pytest.mark.parametrize("seed", range(4))
def test_a_beam_stop_is_not_registered(seed: int) -> None:
    fixed, moving, matrix = moved(seed, (-30.0, 25.0))
    fixed[beam_stop()] = moving[beam_stop()] = 0
    result = xebra.register(fixed, moving)
    assert result.verdict == "accept" and error_px(result, matrix) < 1


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("dusty", [False, True])
def test_a_specimen_that_has_not_moved_is_accepted(seed: int, dusty: bool) -> None:
    fixed, moving, matrix = moved(seed, (0.0, 0.0))
    passes = dust(seed) if dusty else 1.0
    result = xebra.register(fixed * passes, moving * passes)
    assert result.verdict == "accept" and error_px(result, matrix) < 1


def test_only_what_both_images_show_at_the_same_place_is_found() -> None:
    fixed, moving, _ = moved(1, (34.0, -21.0))
    passes = dust(1)
    assert fixed_pattern(fixed, moving, WHOLE, WHOLE) is None
    assert fixed_pattern(fixed * passes, moving[:, :-1], WHOLE, WHOLE) is None
    found = fixed_pattern(fixed * passes, moving * passes, WHOLE, WHOLE)
    assert found is not None and not found.is_beside_other
    assert found.mask[passes < 0.5].mean() > 0.95 and found.mask[passes > 0.99].mean() < 0.1


def test_what_two_specimens_share_by_chance_is_no_pattern() -> None:
    by_chance, beyond = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        spots = [1 - dust(100 + 2 * seed + number, 80) for number in range(2)]
        pair = [each + rng.normal(0, 0.02, (SIDE, SIDE)) for each in spots]
        by_chance.append(fixed_pattern(*pair, WHOLE, WHOLE) is not None)
        beyond.append(fixed_pattern(*pair, WHOLE, WHOLE, beyond_chance=True) is not None)
    assert sum(by_chance) > 8 and sum(beyond) < 2


@pytest.mark.parametrize("seed", range(6))
def test_dust_is_more_than_chance(seed: int) -> None:
    fixed, moving, _ = moved(seed, (34.0, -21.0))
    passes = dust(seed)
    found = fixed_pattern(fixed * passes, moving * passes, WHOLE, WHOLE, beyond_chance=True)
    assert found is not None and found.mask[passes < 0.5].mean() > 0.95


@pytest.mark.parametrize("seed", range(6))
def test_the_empty_parts_of_two_maps_are_no_beam_stop(seed: int) -> None:
    both = [textured(10 * seed + number, SIDE) for number in range(2)]
    counted = [np.where(each > each.std(), each, 0) for each in both]
    assert np.mean((counted[0] == 0) & (counted[1] == 0)) > 0.4
    assert fixed_pattern(*counted, WHOLE, WHOLE, beyond_chance=True) is None
    counted = [each + np.random.default_rng(seed).normal(0, 0.1, each.shape) for each in both]
    for counts in counted:
        counts[beam_stop()] = counts.max() / 2
    found = fixed_pattern(*counted, WHOLE, WHOLE, beyond_chance=True)
    assert found is not None and found.mask[beam_stop()].all()


@pytest.mark.parametrize("seed", range(4))
def test_what_else_stands_out_tells_a_moved_specimen_from_one_at_rest(seed: int) -> None:
    for shift, beside_other in (((0.0, 0.0), False), ((30.0, 12.0), True)):
        fixed, moving, _ = grains_at_the_edge(seed, shift)
        found = fixed_pattern(fixed * dust(seed), moving * dust(seed), WHOLE, WHOLE)
        assert (found is not None and found.is_beside_other) == beside_other


def test_masks_of_the_user_are_the_only_rule() -> None:
    fixed, moving, _ = moved(2, (34.0, -21.0))
    passes, whole = dust(2), np.ones((SIDE, SIDE), bool)
    result = xebra.register(fixed * passes, moving * passes, fixed_mask=whole, moving_mask=whole)
    assert not result.fixed_area.excluded
