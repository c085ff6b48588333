"""Maximisation of a measure of similarity about a transform, by the simplex of Nelder and Mead."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from xebra.arrays import Floats, Matrix
from xebra.estimate.displacement import motion_matrix, parameter_units
from xebra.estimate.image_pair import ImagePair

XTOL_CELLS = 0.025
FTOL = 1e-5  # of the measure


def maximise(
    measure: Callable[[Matrix], float],
    pair: ImagePair,
    size: int,
    start: Matrix,
    side_cells: float,
    evaluations: int,
) -> Matrix:
    """Return the 3 x 3 moving_from_fixed about a start that maximises a measure of it.

    Args:
        measure: of a 3 x 3 moving_from_fixed.
        pair: whose model says which parameters are free.
        size: px of the view of the fixed image, of which a cell is 2.
        start: 3 x 3.
        side_cells: of the first simplex about the start.
        evaluations: of the measure, at most.

    References:
        J. A. Nelder and R. Mead, Comput. J. 7, 308, 1965.
    """
    free = list(pair.free)
    count, fixed_from_view = max(4, free[-1] + 1), pair.fixed_from_view(size)
    unit, view_from_fixed = parameter_units(size, count), np.linalg.inv(fixed_from_view)

    def moved(parameters: Floats) -> Matrix:
        displacement = np.zeros(count)
        displacement[free] = parameters
        motion = motion_matrix(displacement * unit, size)
        return pair.held(start @ fixed_from_view @ motion @ view_from_fixed)

    def cost(parameters: NDArray[np.float64]) -> float:
        return -measure(moved(parameters))

    best = optimize.minimize(
        cost,
        np.zeros(len(free)),
        method="Nelder-Mead",
        options={
            "initial_simplex": _first_simplex(len(free), side_cells),
            "maxfev": evaluations,
            "xatol": XTOL_CELLS,
            "fatol": FTOL,
        },
    )
    return moved(best.x)


def _first_simplex(free: int, side: float) -> NDArray[np.float64]:
    """Return the corners (free + 1, free) of the first simplex, in cells about the start."""
    corners = np.vstack([np.zeros(free), side * np.eye(free)])
    about_start: NDArray[np.float64] = corners - corners.mean(0)
    return about_start
