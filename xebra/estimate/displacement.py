"""Small displacements and the quadratic likelihood model that the refinement network predicts.

A displacement d(z) = m z + t of complex positions z, in cells from the centre of a view, has the four real
parameters (Re m, Im m, Re t, Im t). It is the similarity z -> z + d(z) and linear in its parameters. An
affine displacement has two more, (a, b): the symmetric stretch [[a, b], [b, -a]].
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xebra.arrays import Floats, Matrix

CELL = 2  # px of a view
BLOCK = 16  # cells, side of the blocks over which evidence is summed
RIDGE = 0.02  # of the mean information: limits the step where the likelihood is nearly flat
MIN_RIDGE = 1e-3  # added to it
MAX_STEP = 1.5  # cells, of one Newton step

FREE = {  # parameters of a displacement that each model leaves free
    "translation": (2, 3),
    "rigid": (1, 2, 3),
    "similarity": (0, 1, 2, 3),
    "affine": (0, 1, 2, 3, 4, 5),
}


@dataclass(frozen=True)
class Evidence:
    """Second-order expansion of the log likelihood about a displacement, for each half of the blocks.

    Index 0 of ``gradient`` and ``information`` is the sum over the black blocks of a checkerboard, index 1
    that over the white ones. P is 4, or 6 for an affine displacement.
    """

    displacement: Floats  # (P,) cells
    gradient: Floats  # (2, P)
    information: Floats  # (2, P, P)
    score: float
    block_correlation: Floats | None = None  # (rows, rows, 17, 17): of each block over its shifts
    free: tuple[int, ...] = FREE["similarity"]  # parameters that are not held at 0

    def newton_step(self, size: float, half: int | None = None) -> Floats:
        """Return the damped Newton step (P,) for a view of ``size`` px, from all blocks or from one half.

        Parameters that are held step to 0.
        """
        unit = parameter_units(size, len(self.displacement))
        chosen = slice(None) if half is None else slice(half, half + 1)
        gradient = self.gradient[chosen].sum(0) * unit
        information = self.information[chosen].sum(0) * unit[:, None] * unit
        ridge = RIDGE * np.clip(np.diag(information), 0, None).mean() + MIN_RIDGE
        damped = information + ridge * np.eye(len(unit))
        free = np.isin(np.arange(len(unit)), self.free)
        step = np.where(free, 0.0, -self.displacement / unit)
        if np.linalg.eigvalsh(damped)[0] <= 0:  # not a maximum
            return step * unit
        left = gradient[free] - information[np.ix_(free, ~free)] @ step[~free]
        step[free] = np.clip(np.linalg.solve(damped[np.ix_(free, free)], left), -MAX_STEP, MAX_STEP)
        return step * unit


def parameter_units(size: float, count: int = 4) -> Floats:
    """Return the step (count,) of each parameter that moves a view's outermost blocks by about a cell."""
    outermost = np.hypot(1, 1) * (size / CELL - BLOCK) / 2
    return np.array([1 / outermost, 1 / outermost, 1, 1, 1 / outermost, 1 / outermost])[:count]


def motion_matrix(displacement: Floats, size: float) -> Matrix:
    """Return the 3 x 3 in view px of a displacement in cells: a similarity (4,), or an affine one (6,)."""
    real, imaginary, x, y, *stretch = displacement
    a, b = stretch or (0.0, 0.0)
    center = (size - 1) / 2
    result = np.array(
        [[1 + real + a, b - imaginary, CELL * x], [b + imaginary, 1 + real - a, CELL * y], [0, 0, 1.0]]
    )
    result[:2, 2] += center - result[:2, :2] @ (center, center)
    return result


def displacement_at(displacement: Floats, points: Floats) -> Floats:
    """Return the displacement (K, 2) in cells at points (K, 2) in cells from the centre."""
    result: Floats = np.einsum("kij,j->ki", jacobians(points, len(displacement)), displacement)
    return result


def jacobians(points: Floats, count: int = 4) -> Floats:
    """Return the derivatives (K, 2, count) of the displacement at points (K, 2) by its parameters."""
    x, y = points.T
    one, none = np.ones_like(x), np.zeros_like(x)
    rows = np.stack([x, -y, one, none, x, y], 1), np.stack([y, x, none, one, -y, x], 1)
    return np.stack(rows, 1)[:, :, :count]


def view_corners(size: int) -> Floats:
    """Return the corners (4, 2) of a view of ``size`` px, in cells from its centre."""
    half = (size - 1) / 2 / CELL
    return np.array([[-half, -half], [half, -half], [-half, half], [half, half]])
