"""Slow shading, the same in both images or not, is not what is registered."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from support.labelled import shifted_views

import xebra
from xebra import align
from xebra.resample import resample
from xebra.transform import SimilarityTransform, corner_error, image_center
from xebra.usable_area import without_shading

SHAPE = (240, 256)
WHOLE = np.ones(SHAPE, bool)
Y, X = np.meshgrid(*(np.linspace(-1, 1, side) for side in SHAPE), indexing="ij")


def surface(seed: int, span: float) -> np.ndarray:
    """Return a random polynomial of second degree with a range."""
    coefficients = np.random.default_rng(seed).normal(size=5)
    found = np.stack([X, Y, X * X, Y * Y, X * Y], -1) @ coefficients
    return span * (found - found.min()) / np.ptp(found)


@pytest.mark.parametrize("span", [0.7, 2.0, 6.0])
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_a_specimen_under_shading_is_registered(seed: int, shared: bool, span: float) -> None:
    fixed, moving, matrix = shifted_views(SHAPE, seed, (23.0, -17.0), 0.15)
    shading = surface(seed, span), surface(seed if shared else seed + 50, span)
    result = xebra.register(fixed + shading[0], shading[1] - moving)
    assert result.verdict == "accept"
    assert corner_error(result.fixed_from_moving @ matrix, np.eye(3), SHAPE) < 1.5


@pytest.mark.parametrize("seed", range(3))
def test_uneven_illumination_is_not_what_is_registered(seed: int) -> None:
    fixed, moving, matrix = shifted_views(SHAPE, seed, (23.0, -17.0), 0.15)
    light = 0.1 + np.exp(-((X - 0.3) ** 2 + (Y + 0.2) ** 2))
    result = xebra.register(fixed * light, moving * light)
    assert result.verdict == "accept"
    assert corner_error(result.fixed_from_moving @ matrix, np.eye(3), SHAPE) < 1.5


@pytest.mark.parametrize("seed", range(4))
def test_shading_over_nothing_else_is_not_accepted(seed: int) -> None:
    rng = np.random.default_rng(seed)
    result = xebra.register(*(surface(seed, 1.0) + rng.normal(0, 0.1, SHAPE) for _ in range(2)))
    assert result.verdict != "accept"


@pytest.mark.parametrize("values", [np.float32, np.uint16, np.int32])
@pytest.mark.parametrize("seed", range(3))
def test_the_shading_of_any_values_is_found(seed: int, values: type) -> None:
    start, scale = {np.float32: (-3e-4, 1e-3), np.uint16: (500, 1e4), np.int32: (-2_000_000, 1e6)}[values]
    fixed = shifted_views(SHAPE, seed, (0.0, 0.0))[0]
    shading = surface(seed, 3.0)
    image = (start + scale * (fixed + shading)).astype(values)
    found = without_shading(image, WHOLE)
    assert found is not None
    left = (found - start) / scale - fixed
    assert (left - left.mean()).std() < 0.2 * shading.std()


def test_excluded_values_have_no_part_in_it() -> None:
    fixed = shifted_views(SHAPE, 1, (0.0, 0.0))[0]
    image, mask = fixed + surface(2, 3.0), WHOLE.copy()
    mask[200:], mask[:30, :90] = False, False
    image[200:], image[:30, :90] = 1e6, np.nan
    found = without_shading(image, mask)
    assert found is not None
    left = (found - fixed)[mask]
    assert (left - left.mean()).std() < 0.2 * surface(2, 3.0).std()


@pytest.mark.parametrize("seed", range(6))
def test_what_a_specimen_shows_is_no_shading(seed: int) -> None:
    rng = np.random.default_rng(seed)
    angle, depth = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.03, SHAPE)
    across = np.cos(angle) * X + np.sin(angle) * Y - rng.uniform(-0.3, 0.3)
    phases = (across > 0) + depth  # one straight edge
    grains = gaussian_filter(rng.normal(size=SHAPE), 12) * 12 + depth
    particle = (np.hypot(X - 0.2, Y) < 0.5) + depth
    for image in (phases, grains, particle, shifted_views(SHAPE, seed, (0.0, 0.0))[0], depth):
        assert without_shading(image, WHOLE) is None


def test_images_of_one_value_or_of_few_usable_px_have_no_shading() -> None:
    assert without_shading(np.full(SHAPE, 7.0), WHOLE) is None
    few = np.zeros(SHAPE, bool)
    few[:20, :20] = True
    assert without_shading(surface(1, 1.0), few) is None
    assert without_shading(surface(1, 1.0), np.zeros(SHAPE, bool)) is None
    assert without_shading(surface(1, 1.0)[:1, :1], np.ones((1, 1), bool)) is None


def particles(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return two views of a few particles on an empty support, and moving_from_fixed."""
    rng, (y, x) = np.random.default_rng(seed), np.mgrid[:400, :400]
    shown = np.zeros((400, 400))
    for _ in range(14):
        (row, column), radius = rng.uniform(60, 340, 2), rng.uniform(5, 22)
        shown = np.maximum(shown, rng.uniform(0.4, 1) * (np.hypot(y - row, x - column) < radius))
    matrix = SimilarityTransform(1.0, 0.15, (23.0, -17.0), image_center(SHAPE)).matrix
    inside = np.array([[1, 0, 72.0], [0, 1, 80.0], [0, 0, 1]])
    views = (
        resample(gaussian_filter(shown, 1.5), at, SHAPE) for at in (inside, inside @ np.linalg.inv(matrix))
    )
    fixed, moving = (view + rng.normal(0, 0.05, SHAPE) for view in views)
    return fixed, moving, matrix


def test_weak_shading_of_an_empty_support_is_subtracted_where_nothing_else_is_accepted() -> None:
    vignette, verdicts = 1 / (1 + 3 * (X**2 + Y**2)), []
    for seed in range(6):
        fixed, moving, matrix = particles(seed)
        result = xebra.register((0.3 + fixed) * vignette, (1.3 - moving) * vignette)
        assert corner_error(result.fixed_from_moving @ matrix, np.eye(3), SHAPE) < 3
        verdicts.append(result.verdict)
    assert verdicts.count("accept") >= 5


def test_weak_shading_is_left_where_an_estimate_is_far_from_acceptance(monkeypatch) -> None:
    vignette, made = 1 / (1 + 3 * (X**2 + Y**2)), []
    best = align._Task.best
    monkeypatch.setattr(align._Task, "best", lambda *args: made.append(best(*args)) or made[-1])
    (fixed, _, _), (_, moving, _) = particles(0), particles(1)
    result = xebra.register((0.3 + fixed) * vignette, (1.3 - moving) * vignette)
    assert len(made) == 1 and result.verdict == "refuse"
    assert result.expected_corner_error_px > align.HOPELESS * max(SHAPE)


@pytest.mark.parametrize("seed", range(4))
def test_weak_shading_is_subtracted_where_the_other_image_has_strong_one(seed: int) -> None:
    fixed, moving, matrix = particles(seed)
    result = xebra.register(fixed + surface(seed + 9, 0.7), surface(seed + 50, 4.0) - moving)
    assert result.verdict == "accept"
    assert corner_error(result.fixed_from_moving @ matrix, np.eye(3), SHAPE) < 0.3
