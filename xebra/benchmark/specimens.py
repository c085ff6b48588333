"""Simulated specimens: which material is where, and the relief of the surface.

The generator shares no code with the one that the networks of Xebra are trained on (``xebra.specimen``).

>>> specimen = draw_specimen(np.random.default_rng(0), 128)
>>> specimen.materials.shape, len(specimen.names) > 1
((128, 128), True)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.spatial import cKDTree

from xebra.arrays import Floats, Integers, Mask
from xebra.benchmark.materials import INCLUSIONS, MATRICES

Random = np.random.Generator


@dataclass(frozen=True)
class Specimen:
    """A square piece of a specimen: indices of materials and height of the surface in px, (N, N) both."""

    names: tuple[str, ...]  # of the materials, in the order of the indices
    materials: Integers
    height: Floats


def draw_specimen(random: Random, side: int) -> Specimen:
    """Return a random specimen of one of the five structures, with inclusions, cracks and relief.

    Args:
        random: draws everything.
        side: px.
    """
    matrix = str(random.choice(MATRICES))
    others = [str(n) for n in random.choice([n for n in INCLUSIONS if n != matrix], 4, replace=False)]
    names = (matrix, *others, "void")
    structure = STRUCTURES[int(random.integers(len(STRUCTURES)))]
    materials = structure(random, side)
    rare = _particles(random, side, int(random.integers(10, 60)), (4, 18))
    materials = np.where(rare > 0, 4, materials)
    if random.random() < 0.4:
        materials = np.where(_cracks(random, side), len(names) - 1, materials)
    return Specimen(names, materials, _height(random, materials, len(names)))


def _grains(random: Random, side: int) -> Integers:
    """Return Voronoi grains of the first three materials, with boundaries that are not straight."""
    count = int(random.integers(60, 500))
    rows, columns = _warped(random, side, 0.2 * side / np.sqrt(count))
    _, nearest = cKDTree(random.uniform(0, side, (count, 2))).query(np.stack([rows, columns], -1))
    shares = random.dirichlet([4, 3, 2])
    found: Integers = random.choice(3, count, p=shares)[nearest]
    return found


def _composite(random: Random, side: int) -> Integers:
    """Return particles of two materials in a matrix."""
    large = _particles(random, side, int(random.integers(15, 60)), (20, 90))
    small = _particles(random, side, int(random.integers(50, 400)), (5, 25))
    return np.where(small > 0, 2, np.where(large > 0, 1, 0))


def _two_phases(random: Random, side: int) -> Integers:
    """Return two interpenetrating materials, as sintering leaves them, and grains of a third."""
    length = float(np.exp(random.uniform(np.log(8), np.log(30))))
    level = _smooth(random, side, length) + 0.4 * _smooth(random, side, 5 * length)
    return np.where(level > random.uniform(-0.6, 0.6), 1, np.where(level < -1.2, 2, 0))


def _layers(random: Random, side: int) -> Integers:
    """Return the cross-section of rough layers with particles in them."""
    rows, columns = _warped(random, side, float(random.uniform(5, 30)))
    angle = random.uniform(0, np.pi)
    depth = rows * np.cos(angle) + columns * np.sin(angle)
    edges = np.sort(random.uniform(-side, 2 * side, int(random.integers(8, 30))))
    kinds = random.integers(0, 3, len(edges) + 1)
    found = kinds[np.searchsorted(edges, depth)]
    particles = _particles(random, side, int(random.integers(40, 200)), (6, 40))
    return np.where(particles > 0, 3, found)


def _fibres(random: Random, side: int) -> Integers:
    """Return bent fibres of two materials across a matrix."""
    found = np.zeros((side, side), int)
    rows, columns = _warped(random, side, 40.0)
    for number in range(int(random.integers(12, 45))):
        angle = random.uniform(0, np.pi)
        across = (rows - random.uniform(0, side)) * np.cos(angle) + (
            columns - random.uniform(0, side)
        ) * np.sin(angle)
        found[np.abs(across) < random.uniform(2, 12)] = 1 + number % 2
    particles = _particles(random, side, int(random.integers(30, 150)), (6, 40))
    return np.where(particles > 0, 3, found)


STRUCTURES: tuple[Callable[[Random, int], Integers], ...] = (
    _grains,
    _composite,
    _two_phases,
    _layers,
    _fibres,
)


def _particles(random: Random, side: int, count: int, radius: tuple[float, float]) -> Mask:
    """Return ellipses and polygons at random places, with a logarithmic distribution of sizes."""
    found = np.zeros((side, side), bool)
    for _ in range(count):
        size = float(np.exp(random.uniform(*np.log(radius))))
        middle, turn, ratio = random.uniform(0, side, 2), random.uniform(0, np.pi), random.uniform(0.4, 1)
        faceted = random.random() < 0.5
        low = np.maximum(np.floor(middle - size).astype(int), 0)
        high = np.minimum(np.ceil(middle + size).astype(int) + 1, side)
        y, x = np.mgrid[low[0] : high[0], low[1] : high[1]] - middle[:, None, None]
        along, across = x * np.cos(turn) + y * np.sin(turn), (y * np.cos(turn) - x * np.sin(turn)) / ratio
        distance = np.hypot(along, across)
        if faceted:
            sides = int(random.integers(3, 8))
            facets = 2 * np.pi / sides
            around = (np.arctan2(across, along) % facets) - facets / 2
            distance = distance * np.cos(around) / np.cos(facets / 2)
        found[low[0] : high[0], low[1] : high[1]] |= distance < size
    return found


def _cracks(random: Random, side: int) -> Mask:
    """Return thin winding lines."""
    rows, columns = _warped(random, side, 25.0)
    found = np.zeros((side, side), bool)
    for _ in range(int(random.integers(1, 5))):
        angle, width = random.uniform(0, np.pi), random.uniform(1, 3)
        y, x = rows - random.uniform(0, side), columns - random.uniform(0, side)
        found |= np.abs(y * np.cos(angle) + x * np.sin(angle)) < width
    return found


def _warped(random: Random, side: int, by: float) -> tuple[Floats, Floats]:
    """Return the rows and columns (N, N) of a grid, moved by up to about ``by`` px."""
    coarse = random.normal(0, by, (2, 12, 12))
    line = np.linspace(1, 10, side)
    grid = np.meshgrid(line, line, indexing="ij")
    rows, columns = np.mgrid[:side, :side].astype(float)
    moved_rows, moved_columns = (map_coordinates(each, grid, order=3) for each in coarse)
    return rows + moved_rows, columns + moved_columns


def _height(random: Random, materials: Integers, count: int) -> Floats:
    """Return the relief in px: materials of different heights, roughness, waviness."""
    levels = random.uniform(-3, 3, count)
    levels[-1] = -8.0  # cracks
    relief = gaussian_filter(levels[materials], float(random.uniform(0.8, 2.5)))
    side = len(materials)
    rough = random.uniform(0.05, 0.5) * _smooth(random, side, float(random.uniform(1.5, 6)))
    height: Floats = relief + rough + 3 * _smooth(random, side, 60.0)
    return height


def _smooth(random: Random, side: int, length: float) -> Floats:
    """Return noise (N, N) of deviation 1, smooth over ``length`` px; long ones are made on a coarser grid."""
    step = max(1, int(length // 4))
    noise = gaussian_filter(random.normal(size=(side // step + 2,) * 2), length / step, mode="wrap")
    line = np.arange(side) / step
    grid = np.meshgrid(line, line, indexing="ij", sparse=False)
    found: Floats = noise if step == 1 else map_coordinates(noise, grid, order=1)
    return found[:side, :side] / float(noise.std())
