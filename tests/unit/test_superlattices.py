"""Every second line of a grid may differ: pixel values decide between the copies of an estimate."""

import numpy as np
import pytest
from scipy import ndimage

import xebra
from xebra.estimate.image_pair import Candidate, ImagePair
from xebra.estimate.intensity_refinement import IntensityEstimate
from xebra.estimate.periodic_copies import with_sums
from xebra.estimate.pixel_correlation import by_pixel_values
from xebra.image import Image
from xebra.resample import resample
from xebra.transform import SimilarityTransform, corner_error, image_center

SIDE = 256
RIGHT_PX = 5.0


def finder_grid(rng: np.random.Generator, side: int = 600) -> np.ndarray:
    """Return a finder grid (side, side): every second line is thicker, half of the cells have a mark each."""
    period = rng.uniform(26, 40)
    image = 0.35 + ndimage.gaussian_filter(rng.normal(size=(side, side)), 20)
    line = np.arange(side)
    for number in range(int(side / period) + 1):
        near = np.abs(line - number * period) < (2.2 if number % 2 else 4.0)
        image[near] = image[:, near] = 0.85
    cells = int(side / period)
    for row, column in np.argwhere(np.add.outer(np.arange(cells), np.arange(cells)) % 2):
        mark = np.kron(rng.random((5, 4)) > 0.5, np.ones((2, 2)))
        y, x = (int((place + 0.35) * period) for place in (row, column))
        cell = image[y : y + 10, x : x + 8]
        np.maximum(cell, 0.35 + 0.5 * mark[: cell.shape[0], : cell.shape[1]], out=cell)
    return np.clip(image, 0, 1)


def views(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return two views of a finder grid, the moving one with noise, and moving_from_fixed (3 x 3).

    Every third moving view is inverted; odd ones have a field stop.
    """
    grid, rng = finder_grid(np.random.default_rng(seed)), np.random.default_rng(seed + 1000)
    center = image_center((SIDE, SIDE))
    grid_from_fixed = np.array([[1, 0, 172.0], [0, 1, 172.0], [0, 0, 1]])
    grid_from_fixed = grid_from_fixed @ SimilarityTransform(1, rng.uniform(-0.5, 0.5), (0, 0), center).matrix
    scale, angle, shift = (
        np.exp(rng.uniform(-0.2, 0.2)),
        rng.uniform(-np.pi, np.pi),
        rng.uniform(-40, 40, 2),
    )
    moving_from_fixed = SimilarityTransform(scale, angle, tuple(shift), center).matrix
    fixed = resample(grid, grid_from_fixed, (SIDE, SIDE))
    moving = resample(grid, grid_from_fixed @ np.linalg.inv(moving_from_fixed), (SIDE, SIDE))
    moving = np.clip(moving + rng.normal(0, rng.uniform(0.02, 0.12), moving.shape), 0, 1)
    if seed % 3 == 0:
        moving = 1 - moving**0.5
    y, x = np.mgrid[:SIDE, :SIDE]
    if seed % 2:
        stop = np.hypot(y - center[1], x - center[0]) < rng.uniform(105, 125)
        fixed, moving = fixed * stop, moving * stop
    return fixed.astype(np.float32), moving.astype(np.float32), moving_from_fixed


@pytest.mark.parametrize("seed", [12, 27, 97, 212, 0, 1, 2, 3, 4, 5])
def test_a_copy_of_a_finder_grid_is_not_accepted(seed: int) -> None:
    fixed, moving, moving_from_fixed = views(seed)
    found = xebra.register(fixed, moving)
    error = corner_error(np.asarray(found.transform.matrix) @ moving_from_fixed, np.eye(3), fixed.shape)
    assert error < RIGHT_PX or found.verdict != "accept"


def test_most_finder_grids_are_accepted() -> None:
    assert sum(xebra.register(*views(seed)[:2]).verdict == "accept" for seed in range(40, 50)) >= 8


def test_periods_and_their_sums_are_the_near_lattice() -> None:
    lattice = np.array([[10.0, 3.0], [-3.0, 10.0]])
    shifts = with_sums(np.concatenate([lattice, -lattice]))
    assert len(shifts) == 12
    steps = shifts @ np.linalg.inv(lattice)
    assert np.allclose(steps, steps.round()) and np.abs(steps).sum(1).max() <= 2 + 1e-9
    assert len(with_sums(np.zeros((0, 2)))) == 0


def test_candidates_are_ordered_by_correlation_of_either_sign() -> None:
    noise = ndimage.gaussian_filter(np.random.default_rng(2).normal(size=(128, 128)), 2)
    pair = ImagePair(Image(noise), Image(-noise))
    places = [Candidate(np.array([[1, 0, x], [0, 1, 0], [0, 0, 1.0]]), 0.0) for x in (30.0, 0.0, 2.0)]
    assert by_pixel_values(pair, places) == [places[1], places[2], places[0]]


@pytest.mark.parametrize("rest", [-2e-6, -1e-7, 0.0, 1e-7, 2e-6])
def test_exact_copies_do_not_exclude_each_other(rest):
    """Sums of float32 leave any of these of a correlation of 1, by the processor's kernels."""
    here, copy, other = (
        IntensityEstimate(Candidate(np.eye(3), 0.0), correlation)
        for correlation in (1 - rest, 1 - 2e-6, 0.999)
    )
    assert not here.excludes(copy) and not copy.excludes(here)
    assert here.excludes(other) and not other.excludes(here)
