"""The basis functions of a field at a grid of tiles, and weighted sums of their products.

A tile at a column and a line has the product of the functions of both, so that sums are made along
one axis after the other; only the drift's functions differ from tile to tile.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from xebra.arrays import Floats, Matrix
from xebra.field.spline import ORDER, UniformSpline


@dataclass(frozen=True, eq=False)
class TileBasis:
    """Functions of x (columns, X), of y (lines, Y) and of the drift (K, N), K = lines x columns of tiles."""

    along: Floats
    down: Floats
    rows: sparse.csr_matrix

    @classmethod
    def of(
        cls, splines: tuple[UniformSpline, UniformSpline, UniformSpline], at: tuple[Floats, Floats, Floats]
    ) -> TileBasis:
        """Return the functions of x, y and the drift at the columns, the lines, and the row of each tile."""
        first, values = splines[2].at(at[2])
        starts = np.arange(len(first) + 1) * ORDER
        places = (first[:, None] + np.arange(ORDER)).ravel()
        rows = sparse.csr_matrix((values.ravel(), places, starts), (len(first), splines[2].size))
        return cls(splines[0].matrix(at[0]), splines[1].matrix(at[1]), rows)

    def sums(self, values: Floats) -> Floats:
        """Return the sum over the tiles of values (K,) times each function: of y and x, then of the drift."""
        smooth = self.down.T @ self._grid(values) @ self.along
        return np.concatenate([smooth.ravel(), self.rows.T @ values])

    def products(self, weights: Floats, result: Matrix) -> None:
        """Set ``result`` to the sums over tiles of weights (K,) times the product of each two functions."""
        lines, columns = self.down.shape[1], self.along.shape[1]
        smooth = self._pairs_down.T @ (self._grid(weights) @ self._pairs_along)
        count = lines * columns
        of_grid = result[:count, :count].reshape(lines, columns, lines, columns)  # a view
        of_grid[...] = smooth.reshape(lines, lines, columns, columns).transpose(0, 2, 1, 3)
        weighted = self.rows.copy()
        weighted.data = weighted.data * np.repeat(weights, ORDER)
        cross = (self._smooth @ weighted).toarray()
        result[:count, count:], result[count:, :count] = cross, cross.T
        result[count:, count:] = (self.rows.T @ weighted).toarray()

    def values(self, coefficients: Floats) -> Floats:
        """Return the sum of all functions times their coefficients at each tile, (K,)."""
        count = self.down.shape[1] * self.along.shape[1]
        smooth = coefficients[:count].reshape(self.down.shape[1], -1)
        values: Floats = (self.down @ smooth @ self.along.T).ravel() + self.rows @ coefficients[count:]
        return values

    def variances(self, covariance: Matrix) -> Floats:
        """Return the variance (K,) at each tile by the covariance of the coefficients."""
        functions = sparse.hstack([self._smooth.T, self.rows], "csr")
        variances: Floats = np.einsum("kn,kn->k", functions @ covariance, functions.toarray())
        return variances

    def _grid(self, values: Floats) -> Floats:
        """Return values (K,) by line and column."""
        return values.reshape(len(self.down), len(self.along))

    @cached_property
    def _smooth(self) -> sparse.csr_matrix:
        """Return the functions of y and x (Y X, K)."""
        return sparse.kron(sparse.csr_matrix(self.down.T), sparse.csr_matrix(self.along.T), "csr")

    @cached_property
    def _pairs_along(self) -> Floats:
        """Return the products of each two functions of x (columns, X X)."""
        return _pairs(self.along)

    @cached_property
    def _pairs_down(self) -> Floats:
        """Return the products of each two functions of y (lines, Y Y)."""
        return _pairs(self.down)


def _pairs(functions: Floats) -> Floats:
    """Return the products (N, M M) of each two of functions (N, M)."""
    products: Floats = (functions[:, :, None] * functions[:, None, :]).reshape(len(functions), -1)
    return products
