"""Displacements of some px to many: blocks of feature maps are compared over shifts, and a field is fitted.

Each block's map is a log likelihood of its shift. Together with a Gaussian about the shift that the field
expects, it gives a posterior whose curvature is the block's information. The Gaussian narrows from pass to
pass, so that blocks that show nothing, or several equal places, follow their neighbours.
"""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True)
class ShiftMaps:
    """Log likelihoods (S, K) of the shifts (S, 2) in px of K blocks, whose centres form a grid in px."""

    maps: Floats
    shifts: Floats
    centers: tuple[Floats, Floats]


def shift_maps(fixed: Floats, moving: Floats, cell: int, sharpness: float) -> ShiftMaps | None:
    """Return the maps of features (C, R, C) of a view, and of the moving view with a margin; None: too small.

    ``cell``: px of a cell. The margin of the moving view is ``MARGIN`` pooled cells.
    """
    pooled, around = _pooled(fixed), _pooled(moving)
    rows, columns = pooled.shape[:2]
    count = 2 * SHIFTS + 1
    sums = np.empty((count, count, rows // SIDE, columns // SIDE), np.float32)
    for down in range(count):
        top = MARGIN - SHIFTS + down
        for right in range(count):
            left = MARGIN - SHIFTS + right
            there = around[top : top + rows, left : left + columns]
            sums[down, right] = _block_sums(np.einsum("ijc,ijc->ij", pooled, there))
    blocks = sums[..., :-1, :-1] + sums[..., 1:, :-1] + sums[..., :-1, 1:] + sums[..., 1:, 1:]
    if not blocks.size:
        return None
    inner = around[MARGIN : MARGIN + rows, MARGIN : MARGIN + columns]
    energy = POOL**2 * np.sqrt(float((pooled**2).sum()) * float((inner**2).sum())) + 1.0
    maps = blocks.reshape(count**2, -1) * (sharpness * POOL**2 / energy)
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
    distance = found.shifts[:, None] - expected
    log = found.maps - (distance**2).sum(-1) / (2 * width**2)
    weight = np.exp(log - log.max(0))
    weight /= weight.sum(0)
    mean = np.einsum("sk,si->ki", weight, found.shifts)
    square = np.einsum("sk,si,sj->kij", weight, found.shifts, found.shifts, optimize=True)
    spread = square - mean[:, :, None] * mean[:, None, :]
    values, vectors = np.linalg.eigh(np.eye(2) / width**2 - spread / width**4)
    information = (vectors * np.clip(values, 0, None)[:, None, :]) @ vectors.transpose(0, 2, 1)
    shown = (np.ptp(found.maps, axis=0) > MIN_CONTRAST) / OVERLAP
    weighted = np.einsum("kij,kj->ki", information, expected) + (mean - expected) / width**2
    three = np.stack([information[:, 0, 0], information[:, 0, 1], information[:, 1, 1]], 1)
    return Tiles(found.centers, rows, three * shown[:, None], weighted * shown[:, None])


def _pooled(maps: Floats) -> Floats:
    """Return maps (C, rows, columns) as means over POOL x POOL cells, channels last."""
    channels, rows, columns = maps.shape
    parts = maps[:, : rows // POOL * POOL, : columns // POOL * POOL]
    means = parts.reshape(channels, rows // POOL, POOL, columns // POOL, POOL).mean((2, 4))
    return np.ascontiguousarray(means.transpose(1, 2, 0))


def _block_sums(values: Floats) -> Floats:
    """Return sums (rows / SIDE, columns / SIDE) of values (rows, columns)."""
    rows, columns = (side // SIDE for side in values.shape)
    parts = values[: rows * SIDE, : columns * SIDE]
    sums: Floats = parts.reshape(rows, SIDE, columns, SIDE).sum((1, 3))
    return sums
