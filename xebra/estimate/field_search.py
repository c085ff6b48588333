"""Displacements of some px to many: blocks of feature maps are compared over shifts, and a field is fitted.

Each block's map is a log likelihood of its shift. Together with a Gaussian about the shift that the field
expects, it gives a posterior whose curvature is the block's information. The Gaussian narrows from pass to
pass, so that blocks that show nothing, or several equal places, follow their neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from xebra.arrays import Floats
from xebra.estimate.field_parameters import FieldParameters, Smoothness, Tiles

POOL = 2  # cells of the features, either way, that are averaged
SHIFTS = 5  # pooled cells, either way, that are searched
MARGIN = 8  # pooled cells around the moving view
SIDE = 4  # pooled cells between the centres of blocks, whose side is twice that
WIDTHS = (20.0, 14.0, 9.0, 6.0, 4.0, 4.0)  # px: standard deviations of the Gaussian, pass by pass
MIN_CONTRAST = 1e-3  # of a map
OVERLAP = 4  # blocks that share a px
COUNT = 2 * SHIFTS + 1  # shifts along an axis


@dataclass(frozen=True)
class ShiftMaps:
    """Log likelihoods (S, K) of the shifts (S, 2) in px of K blocks, whose centres form a grid in px."""

    maps: Floats
    shifts: Floats
    centers: tuple[Floats, Floats]

    @cached_property
    def likelihood(self) -> Floats:
        """Return the likelihoods (shifts down, shifts right, K), relative to each block's largest."""
        values: Floats = np.exp((self.maps - self.maps.max(0)).astype(float))
        return values.reshape(COUNT, COUNT, -1)


def shift_maps(fixed: Floats, moving: Floats, cell: int, sharpness: float) -> ShiftMaps | None:
    """Return the maps of features (C, R, C) of a view, and of the moving view with a margin; None: too small.

    ``cell``: px of a cell. The margin of the moving view is ``MARGIN`` pooled cells.
    """
    pooled, around = _pooled(fixed), _pooled(moving)
    rows, columns = pooled.shape[1:]
    if min(rows, columns) < 2 * SIDE:
        return None
    squares = _square_sums(pooled, around)
    blocks = squares[..., :-1, :-1] + squares[..., 1:, :-1] + squares[..., :-1, 1:] + squares[..., 1:, 1:]
    inner = around[:, MARGIN : MARGIN + rows, MARGIN : MARGIN + columns]
    energy = POOL**2 * np.sqrt(float((pooled**2).sum()) * float((inner**2).sum())) + 1.0
    maps = blocks.reshape(COUNT**2, -1) * (sharpness * POOL**2 / energy)
    line = np.arange(-SHIFTS, SHIFTS + 1.0) * POOL * cell
    shifts = np.stack(np.meshgrid(line, line), -1).reshape(-1, 2)
    centers = [(np.arange(n) + 1) * SIDE * POOL * cell - 0.5 for n in (blocks.shape[3], blocks.shape[2])]
    return ShiftMaps(maps, shifts, (centers[0], centers[1]))


def fit_shifts(parameters: FieldParameters, found: ShiftMaps, smoothness: Smoothness) -> None:
    """Set the coefficients to the field that the maps of the blocks support."""
    for width in WIDTHS:
        expected, rows = expected_at(parameters, found.centers)
        tiles = _posterior(found, expected, rows, width)
        parameters.vector = parameters.solve(*parameters.normal_equations(tiles), smoothness)


def expected_at(parameters: FieldParameters, centers: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    """Return displacement (K, 2) and row of the moving image (K,) at a grid of centres."""
    field = parameters.field()
    moved = np.stack(
        [field.y.matrix(centers[1]) @ s @ field.x.matrix(centers[0]).T for s in field.smooth], -1
    )
    across = parameters.moving_from_view[1]
    rows = (
        across[0] * (centers[0] + moved[..., 0])
        + across[1] * (centers[1][:, None] + moved[..., 1])
        + across[2]
    )
    first, values = field.rows.at(rows.ravel())
    drift = sum(values[:, k] * field.drift[:, first + k] for k in range(values.shape[1]))
    displacement: Floats = moved.reshape(-1, 2) + np.asarray(drift).T
    return displacement, rows.ravel()


def _posterior(found: ShiftMaps, expected: Floats, rows: Floats, width: float) -> Tiles:
    """Return what each block's map and a Gaussian of ``width`` px about the expected shift say together."""
    mean, square = _moments(found, expected, width)
    spread = square - mean[:, :, None] * mean[:, None, :]
    information = _without_negative(np.eye(2) / width**2 - spread / width**4)
    shown = (np.ptp(found.maps, axis=0) > MIN_CONTRAST) / OVERLAP
    weighted = np.einsum("kij,kj->ki", information, expected) + (mean - expected) / width**2
    three = np.stack([information[:, 0, 0], information[:, 0, 1], information[:, 1, 1]], 1)
    return Tiles(found.centers, rows, three * shown[:, None], weighted * shown[:, None])


def _without_negative(matrices: Floats) -> Floats:
    """Return symmetric matrices (K, 2, 2) with their negative eigenvalues set to 0."""
    determinant = matrices[:, 0, 0] * matrices[:, 1, 1] - matrices[:, 0, 1] ** 2
    negative = (determinant < 0) | (matrices[:, 0, 0] + matrices[:, 1, 1] < 0)
    values, vectors = np.linalg.eigh(matrices[negative])
    result = matrices.copy()
    result[negative] = (vectors * np.clip(values, 0, None)[:, None, :]) @ vectors.transpose(0, 2, 1)
    return result


def _moments(found: ShiftMaps, expected: Floats, width: float) -> tuple[Floats, Floats]:
    """Return mean (K, 2) and mean square (K, 2, 2) of each block's shift.

    The Gaussian is a product of one along x and one along y, so that sums are made along one axis after the
    other.
    """
    line = found.shifts[:COUNT, :1]
    along, down = (_gaussian(line - each, width) for each in expected.T)
    by_row = [np.einsum("yxk,yk->xk", found.likelihood, down * line**power) for power in range(3)]
    sums = {(i, j): (by_row[j] * along * line**i).sum(0) for i in range(3) for j in range(3 - i)}
    xx, xy, yy, x, y = (sums[powers] / sums[0, 0] for powers in ((2, 0), (1, 1), (0, 2), (1, 0), (0, 1)))
    return np.stack([x, y], 1), np.stack([np.stack([xx, xy], 1), np.stack([xy, yy], 1)], 2)


def _gaussian(distance: Floats, width: float) -> Floats:
    """Return a Gaussian at distances (S, K), 1 at the nearest of each column."""
    log = -(distance**2) / (2 * width**2)
    values: Floats = np.exp(log - log.max(0))
    return values


def _pooled(maps: Floats) -> Floats:
    """Return maps (C, rows, columns) as means over POOL x POOL cells."""
    rows, columns = (side // POOL * POOL for side in maps.shape[1:])
    parts = [maps[:, i:rows:POOL, j:columns:POOL] for i in range(POOL) for j in range(POOL)]
    means: Floats = sum(parts[1:], parts[0]) / np.float32(POOL**2)
    return means


def _square_sums(fixed: Floats, moving: Floats) -> Floats:
    """Return sums over squares of SIDE cells of products (shifts down, shifts right, rows, columns).

    Of maps (C, rows, columns) and others with a margin, at each shift.
    """
    rows, columns = (side // SIDE * SIDE for side in fixed.shape[1:])
    fixed, first = fixed[:, :rows, :columns], MARGIN - SHIFTS
    squares = np.repeat(np.eye(columns // SIDE, dtype=np.float32), SIDE, 0)
    products = np.empty((COUNT, rows, columns), np.float32)
    sums = np.empty((COUNT, COUNT, rows // SIDE, columns // SIDE), np.float32)
    for down in range(COUNT):
        lines = moving[:, first + down : first + down + rows]
        for right in range(COUNT):
            there = lines[..., first + right : first + right + columns]
            np.einsum("cij,cij->ij", fixed, there, out=products[right])
        sums[down] = (products @ squares).reshape(COUNT, rows // SIDE, SIDE, -1).sum(2)
    return sums
