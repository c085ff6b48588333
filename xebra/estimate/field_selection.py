"""Which model the images support: every candidate is fitted to one half of the blocks, judged by the other.

The blocks of a checkerboard are held out in turn. What a candidate gains there over no displacement, the
reduction of the weighted misfit, is evidence that its own flexibility does not raise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.estimate.displacement import jacobians
from xebra.estimate.field_measurement import Measurement
from xebra.estimate.field_parameters import FieldParameters, Smoothness, Tiles

SPACING, ROW_SPACING = 48.0, 12.0  # px, of the knots of the candidates: coarser ones than those of the result
BENDING, DRIFT = 30.0, 10.0  # weights of the prior, the best of development images
FACTORS = (0.5, 1.0, 2.0)  # of them that are tried
EXCEPTIONAL = 0.1  # of the blocks: what only these gain is no distortion of the image
WITHIN = 0.02  # of the gain: the smoothest field that gains nearly as much as the best one is taken
LINEAR = {"similarity": 4, "affine": 6}  # parameters


@dataclass(frozen=True, eq=False)
class Candidate:
    """A model with what it gains over no displacement on the blocks that were held out."""

    model: str  # "similarity", "affine" or "field"
    gains: Floats  # (B,) by block
    held_out: Floats  # (K, 2): displacement of each tile by the fit to the other fold
    information: Floats  # (K, 2, 2), of the tiles
    smoothness: Smoothness | None = None  # of a field

    @property
    def gain(self) -> float:
        """The gain of all blocks, in units of log likelihood times 2."""
        return float(self.gains.sum())

    def common_gain_beyond(self, other: Candidate | None) -> float:
        """Return the gain beyond another candidate, or no displacement, without the blocks that gain most.

        A distortion of the image shows in many blocks; a saturated or empty corner is one or two of them.
        """
        gains = np.sort(self.gains if other is None else self.gains - other.gains)
        return float(gains[: len(gains) - math.ceil(EXCEPTIONAL * len(gains))].sum())

    def energy_beyond(self, other: Candidate) -> float:
        """Return the weighted square of the displacement beyond another candidate's on held-out blocks."""
        return _energy(self.held_out - other.held_out, self.information)


def candidates(view_shape: tuple[int, int], matrix: Matrix, found: Measurement) -> list[Candidate]:
    """Return similarity, affine and fields of several smoothness, with and without a drift of the rows."""
    information = _full(found.tiles)
    linear = [
        _candidate(model, found, information, _linear(found, information, count))
        for model, count in LINEAR.items()
    ]
    parameters = FieldParameters(view_shape, matrix, SPACING, ROW_SPACING)
    basis = parameters.basis(found.tiles.centers, found.tiles.rows)
    halves = [parameters.normal_equations(found.tiles, basis, found.folds == fold) for fold in (0, 1)]

    def field(smoothness: Smoothness) -> Candidate:
        vectors = [parameters.solve(*half, smoothness) for half in halves]
        moved = [parameters.displacement(basis, vector) for vector in vectors]
        return _candidate("field", found, information, moved, smoothness)

    drifting = [field(Smoothness(BENDING, DRIFT).scaled(factor)) for factor in FACTORS]
    best = smoothest(drifting).smoothness
    still = field(Smoothness(best.bending if best else BENDING, None))
    return [*linear, *drifting, still]


def smoothest(fields: list[Candidate]) -> Candidate:
    """Return the last of the fields, from flexible to smooth, that gains nearly as much as the best one.

    Misfits of neighbouring blocks are not quite independent, which favours flexible fields.
    """
    least = (1 - WITHIN) * max(each.gain for each in fields)
    near = [each for each in fields if each.gain >= least]
    return near[-1] if near else max(fields, key=lambda each: each.gain)


def _candidate(
    model: str,
    found: Measurement,
    information: Floats,
    fits: list[Floats],
    smoothness: Smoothness | None = None,
) -> Candidate:
    """Return a candidate by the displacements (K, 2) of its fits to fold 0 and to fold 1."""
    held_out = np.where(found.folds[:, None] == 0, fits[1], fits[0])
    agreement = 2 * (held_out * found.tiles.weighted).sum(1)
    energy = np.einsum("ki,kij,kj->k", held_out, information, held_out, optimize=True)
    gains: Floats = np.bincount(found.blocks, agreement - energy).astype(float)
    return Candidate(model, gains, held_out, information, smoothness)


def _linear(found: Measurement, information: Floats, count: int) -> list[Floats]:
    """Return the displacements (K, 2) of the linear fits of ``count`` parameters to each fold."""
    points = np.stack(np.meshgrid(*found.tiles.centers), -1).reshape(-1, 2)
    design = jacobians((points - points.mean(0)) / np.ptp(points), count)  # (K, 2, count)
    fits = []
    for fold in (0, 1):
        used = found.folds == fold
        part = design[used]
        known = np.einsum("kip,kij,kjq->pq", part, information[used], part, optimize=True)
        right = np.einsum("kip,ki->p", part, found.tiles.weighted[used])
        ridge = 1e-9 * np.trace(known) + 1e-12
        fits.append(design @ np.linalg.solve(known + ridge * np.eye(count), right))
    return fits


def _energy(displacement: Floats, information: Floats) -> float:
    """Return the weighted square of displacements (K, 2) of tiles."""
    return float(np.einsum("ki,kij,kj->", displacement, information, displacement, optimize=True))


def _full(tiles: Tiles) -> Floats:
    """Return the information of each tile as (K, 2, 2)."""
    xx, xy, yy = tiles.information.T
    return np.stack([np.stack([xx, xy], -1), np.stack([xy, yy], -1)], -2)
