"""The cases of the benchmark: pairs of views of simulated specimens, each drawn from a seed of its own.

>>> first = draw_case("xray_electron medium", 0)
>>> first.fixed.shape, first.moving.dtype, first.moving_from_fixed.shape
((256, 256), dtype('float32'), (3, 3))
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.benchmark.instruments import ELECTRON, X_RAY, record
from xebra.benchmark.overlays import OVERLAYS
from xebra.benchmark.specimens import Random, Specimen, draw_specimen
from xebra.resample import resample
from xebra.transform import SimilarityTransform, corners, image_center, map_points

VERSION = 1  # of the protocol: a change that changes a case is a new version
SEED = 2026  # of the reference results
PER_CELL = 40
SIDE = 256  # px of both images
SPECIMEN_SIDE = 1024  # px
STEP = 1.9  # specimen px per px of the coarser view, at most
LEAST_SPREAD = 0.25  # of the contrast of the whole specimen that a view must have
TRIES = 20


class Reach(NamedTuple):
    """Range of the transform: angle either way, scale and its inverse, shift in widths along x and y."""

    angle_deg: float
    scale: float
    shift: float


REACHES = {"easy": Reach(15, 1.1, 0.05), "medium": Reach(45, 1.33, 0.1), "hard": Reach(180, 2.0, 0.2)}
CELLS = (  # track and level
    "xray_electron easy",
    "xray_electron medium",
    "xray_electron hard",
    "overlay medium",
    "negative medium",
    "one_modality medium",
)


@dataclass(frozen=True)
class Case:
    """A pair and its true transform, None where the images show different specimens.

    Attributes:
        name: Cell and number.
        cell: Track and level; ``real`` for pairs of a folder.
        fixed: (H, W), float32 in 0..1.
        moving: (H, W), float32 in 0..1.
        moving_from_fixed: 3 x 3, maps px (x, y, 1) of the fixed image to the moving one.
        modalities: Of the fixed and of the moving image.
    """

    name: str
    cell: str
    fixed: Floats
    moving: Floats
    moving_from_fixed: Matrix | None
    modalities: tuple[str, str]


def draw_cases(per_cell: int = PER_CELL, seed: int = SEED, cells: Iterable[str] = CELLS) -> Iterator[Case]:
    """Yield the cases of the benchmark.

    The first cases of a cell do not depend on how many are drawn.

    Args:
        per_cell: number of cases of each cell.
        seed: of all cases; the reference results are of ``SEED``.
        cells: of ``CELLS``.
    """
    for cell in cells:
        for number in range(per_cell):
            yield draw_case(cell, number, seed)


def draw_case(cell: str, number: int, seed: int = SEED) -> Case:
    """Return one case of a cell."""
    random = np.random.default_rng([VERSION, seed, CELLS.index(cell), number])
    track, level = cell.split()
    modalities = _modalities(random, track)
    transform, views = _views(random, REACHES[level])
    images = _images(random, track, modalities, views)
    if track == "overlay":
        images = _overlaid(random, images)
    truth = None if track == "negative" else transform
    return Case(f"{cell} {number:03d}", cell, *images, truth, modalities)


def cases_sha256(cases: Iterable[Case]) -> str:
    """Return the SHA-256 of names, images and true transforms."""
    digest = hashlib.sha256()
    for case in cases:
        digest.update(case.name.encode())
        truth = np.zeros((3, 3)) if case.moving_from_fixed is None else case.moving_from_fixed
        for array in (case.fixed, case.moving, np.round(truth, 9)):
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _modalities(random: Random, track: str) -> tuple[str, str]:
    """Return two modalities: one of X-rays and one of electrons, either way, or one for both images."""
    chosen = [str(random.choice(list(kinds))) for kinds in (X_RAY, ELECTRON)]
    first, second = chosen if random.random() < 0.5 else chosen[::-1]
    return (first, first) if track == "one_modality" else (first, second)


def _views(random: Random, reach: Reach) -> tuple[Matrix, tuple[Matrix, Matrix]]:
    """Return moving_from_fixed, and the views of both images as specimen_from_view (3 x 3)."""
    middle = image_center((SIDE, SIDE))
    angle, log_scale = math.radians(reach.angle_deg), math.log(reach.scale)
    while True:
        scale = math.exp(random.uniform(-log_scale, log_scale))
        shift = tuple(random.uniform(-reach.shift, reach.shift, 2) * SIDE)
        moving_from_fixed = SimilarityTransform(scale, random.uniform(-angle, angle), shift, middle).matrix
        coarser = random.uniform(0.7, 1.0) * STEP  # of the view that covers more
        fixed = SimilarityTransform(
            coarser * min(1.0, scale),
            random.uniform(-math.pi, math.pi),
            tuple(random.uniform(-0.2, 0.2, 2) * SPECIMEN_SIDE + SPECIMEN_SIDE / 2 - SIDE / 2),
            middle,
        ).matrix
        moving = fixed @ np.linalg.inv(moving_from_fixed)
        if all(_within(view) for view in (fixed, moving)):
            return moving_from_fixed, (fixed, moving)


def _within(specimen_from_view: Matrix) -> bool:
    seen = map_points(specimen_from_view, corners((SIDE, SIDE)))
    return bool((seen >= 0).all() and (seen <= SPECIMEN_SIDE - 1).all())


def _images(
    random: Random, track: str, modalities: tuple[str, str], views: tuple[Matrix, Matrix]
) -> tuple[Floats, Floats]:
    """Return both images of one specimen, or of two, in which both views show structure."""
    for _ in range(TRIES):
        specimen = draw_specimen(random, SPECIMEN_SIDE)
        other = draw_specimen(random, SPECIMEN_SIDE) if track == "negative" else specimen
        first, second = (int(seed) for seed in random.integers(2**32, size=2))
        settings = (first, first if track == "one_modality" else second)  # one element, one detector
        fixed, moving = (
            _seen(random, np.random.default_rng(setting), of, modality, view)
            for setting, of, modality, view in zip(
                settings, (specimen, other), modalities, views, strict=True
            )
        )
        if min(fixed[1], moving[1]) > LEAST_SPREAD:
            break
    return fixed[0], moving[0]


def _seen(
    random: Random, setting: Random, specimen: Specimen, modality: str, view: Matrix
) -> tuple[Floats, float]:
    """Return the image of a view, and its contrast as a share of that of the whole specimen."""
    signal = (X_RAY | ELECTRON)[modality](setting, specimen).astype(np.float32)
    part = resample(signal, view, (SIDE, SIDE))
    spread = [float(np.subtract(*np.percentile(each, [97, 3]))) for each in (part, signal)]
    return record(random, part, modality), spread[0] / max(spread[1], 1e-9)


def _overlaid(random: Random, images: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Return the images with overlays over one or both of them."""
    which = int(random.integers(1, 4))  # 1: fixed, 2: moving, 3: both
    names = [str(name) for name in random.choice(list(OVERLAYS), 2)]
    fixed, moving = (
        OVERLAYS[name](random, image) if which & bit else image
        for name, image, bit in zip(names, images, (1, 2), strict=True)
    )
    return fixed, moving
