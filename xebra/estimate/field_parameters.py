"""The unknowns of a field: coefficients of a B-spline field and of a drift of the moving image's rows.

Least squares in them: every tile of the view measures a displacement with a 2 x 2 information, and smoothness
is a prior, the bending energy of the field (Rueckert et al., IEEE Trans. Med. Imaging 18, 712, 1999) and the
steps of the drift from row to row (a random walk that returns within ``RETURN_ROWS``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from xebra.arrays import Floats, Mask, Matrix
from xebra.estimate.posterior import Posterior, symmetric
from xebra.estimate.tile_basis import TileBasis
from xebra.field.displacement_field import DisplacementField
from xebra.field.spline import UniformSpline

RETURN_ROWS = 150.0  # rows after which the drift forgets where it was
MARGIN_ROWS = 24.0  # rows beyond the view that a displaced px may reach
HELD = 1e9  # prior on the coefficients of a drift that is not estimated
LOOSE = 1e-6  # prior on every coefficient, so that those without any evidence are determined


@dataclass(frozen=True)
class Smoothness:
    """Weights of the prior: of the bending energy, and of the drift's steps; None: no drift."""

    bending: float
    drift: float | None

    def scaled(self, factor: float) -> Smoothness:
        """Return the weights times a factor."""
        return Smoothness(self.bending * factor, None if self.drift is None else self.drift * factor)


@dataclass(frozen=True)
class Tiles:
    """What tiles measure: information (K, 3) of xx, xy, yy, and information x displacement (K, 2)."""

    centers: tuple[Floats, Floats]  # x of the columns and y of the rows of tiles, px of the view
    rows: Floats  # (K,): row of the moving image of each tile
    information: Floats
    weighted: Floats


class FieldParameters:
    """The coefficients of a field on a view; vectors have those of x first, then those of y."""

    def __init__(
        self,
        shape: tuple[int, int],
        moving_from_view: Matrix,
        spacing: float,
        row_spacing: float,
    ):
        """``spacing`` of the field's knots and ``row_spacing`` of the drift's, px of the view."""
        self.moving_from_view = moving_from_view
        self.x = UniformSpline.spaced(-0.5, shape[1] - 0.5, spacing)
        self.y = UniformSpline.spaced(-0.5, shape[0] - 0.5, spacing)
        across = moving_from_view[1, :2]
        reached = [across @ (x, y) for x in (0, shape[1] - 1) for y in (0, shape[0] - 1)]
        low, high = (bound + moving_from_view[1, 2] for bound in (min(reached), max(reached)))
        per_row = float(np.hypot(*across))  # rows of the moving image per px of the view
        low, high = low - MARGIN_ROWS * per_row, high + MARGIN_ROWS * per_row
        self.rows = UniformSpline.spaced(low, high, row_spacing * per_row)
        self.step_px = self.rows.spacing / per_row
        self.smooth_count = self.x.size * self.y.size
        self.count = self.smooth_count + self.rows.size
        self.vector: Floats = np.zeros(2 * self.count)

    def field(self, error: Floats | None = None) -> DisplacementField:
        """Return the field of the coefficients."""
        parts = self.vector.reshape(2, -1)
        smooth = parts[:, : self.smooth_count].reshape(2, self.y.size, self.x.size)
        drift = parts[:, self.smooth_count :]
        none = np.zeros((2, 2, 2))
        return DisplacementField(
            self.moving_from_view, self.x, self.y, smooth, self.rows, drift, none if error is None else error
        )

    def basis(self, centers: tuple[Floats, Floats], rows: Floats) -> TileBasis:
        """Return the basis functions at the tiles of a grid."""
        return TileBasis.of((self.x, self.y, self.rows), (*centers, rows))

    def normal_equations(
        self, tiles: Tiles, basis: TileBasis | None = None, chosen: Mask | None = None
    ) -> tuple[Matrix, Floats]:
        """Return the information (2 count, 2 count) of all tiles, or of those chosen, and the right side."""
        basis = self.basis(tiles.centers, tiles.rows) if basis is None else basis
        used = np.ones(1) if chosen is None else chosen.astype(float)
        count = self.count
        result = np.empty((2 * count, 2 * count))
        x, y = slice(count), slice(count, None)
        for part, place in zip(tiles.information.T, ((x, x), (x, y), (y, y)), strict=True):
            basis.products(part * used, result[place])
        result[y, x] = result[x, y]
        return result, np.concatenate([basis.sums(part * used) for part in tiles.weighted.T])

    def posterior(self, information: Matrix, smoothness: Smoothness) -> Posterior:
        """Return the posterior of the coefficients by the information of tiles and the prior."""
        total = information.copy()
        for begin in (0, self.count):
            smooth, drift = begin + self.smooth_count, begin + self.count
            total[begin:smooth, begin:smooth] += smoothness.bending * self._bending
            if smoothness.drift is not None:
                total[smooth:drift, smooth:drift] += smoothness.drift * self._drift_steps
            else:
                total[range(smooth, drift), range(smooth, drift)] += HELD
        total[range(len(total)), range(len(total))] += LOOSE
        return Posterior.of(total)

    def solve(self, information: Matrix, right: Floats, smoothness: Smoothness) -> Floats:
        """Return the coefficients that maximise the posterior."""
        return self.posterior(information, smoothness).solve(right)

    def displacement(self, basis: TileBasis, vector: Floats) -> Floats:
        """Return the displacement (K, 2) at the tiles of a basis."""
        return np.stack([basis.values(part) for part in vector.reshape(2, -1)], 1)

    def variance(self, basis: TileBasis, covariance: Matrix) -> Floats:
        """Return the variance (2, K) of both displacements at the tiles of a basis.

        ``covariance`` (2 count, 2 count) of the coefficients; its upper triangle counts.
        """
        parts = (covariance[: self.count, : self.count], covariance[self.count :, self.count :])
        return np.stack([basis.variances(symmetric(part)) for part in parts])

    @cached_property
    def _bending(self) -> Matrix:
        """Return the bending energy as a quadratic form of the coefficients along one axis."""
        once, twice = ([_differences(each.size, k) for each in (self.x, self.y)] for k in (1, 2))
        energy = np.kron(np.eye(self.y.size), twice[0]) + np.kron(twice[1], np.eye(self.x.size))
        result: Matrix = (energy + 2 * np.kron(once[1], once[0])) / (self.x.spacing * self.y.spacing)
        return result

    @cached_property
    def _drift_steps(self) -> Matrix:
        """Return the energy of the drift's steps as a quadratic form."""
        result: Matrix = _differences(self.rows.size, 1) / self.step_px
        return result + np.eye(self.rows.size) * self.step_px / RETURN_ROWS**2


def _differences(size: int, order: int) -> Matrix:
    """Return the sum of squared differences of ``order`` of a vector as a quadratic form."""
    step = np.diff(np.eye(size), order, axis=0)
    result: Matrix = step.T @ step
    return result
