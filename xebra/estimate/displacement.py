"""Small similarity displacements and the quadratic likelihood model that the refinement network predicts.

A displacement d(z) = m z + a of complex positions z, in cells from the centre of a view, has the four real
parameters (Re m, Im m, Re a, Im a). It is the similarity z -> z + d(z) and linear in its parameters.
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


@dataclass(frozen=True)
class Evidence:
    """Second-order expansion of the log likelihood about a displacement, for each half of the blocks.

    Index 0 of ``gradient`` and ``information`` is the sum over the black blocks of a checkerboard, index 1
    that over the white ones.
    """

    displacement: Floats  # (4,) cells
    gradient: Floats  # (2, 4)
    information: Floats  # (2, 4, 4)
    score: float
    block_correlation: Floats | None = None  # (rows, rows, 17, 17): of each block over its shifts

    def newton_step(self, size: float, half: int | None = None) -> Floats:
        """Return the damped Newton step (4,) for a view of ``size`` px, from all blocks or from one half."""
        unit = parameter_units(size)
        chosen = slice(None) if half is None else slice(half, half + 1)
        gradient = self.gradient[chosen].sum(0) * unit
        information = self.information[chosen].sum(0) * unit[:, None] * unit
        ridge = RIDGE * np.clip(np.diag(information), 0, None).mean() + MIN_RIDGE
        damped = information + ridge * np.eye(4)
        if np.linalg.eigvalsh(damped)[0] <= 0:  # not a maximum
            return np.zeros(4)
        return np.clip(np.linalg.solve(damped, gradient), -MAX_STEP, MAX_STEP) * unit


def parameter_units(size: float) -> Floats:
    """Return the step (4,) of each parameter that moves the outermost blocks of a view by about one cell."""
    outermost = np.hypot(1, 1) * (size / CELL - BLOCK) / 2
    return np.array([1 / outermost, 1 / outermost, 1, 1])


def similarity_matrix(displacement: Floats, size: float) -> Matrix:
    """Return the 3 x 3 similarity in view px of a displacement (4,) in cells."""
    real, imaginary, x, y = displacement
    center = (size - 1) / 2
    result = np.array([[1 + real, -imaginary, CELL * x], [imaginary, 1 + real, CELL * y], [0, 0, 1.0]])
    result[:2, 2] += center - result[:2, :2] @ (center, center)
    return result


def displacement_at(displacement: Floats, points: Floats) -> Floats:
    """Return the displacement (K, 2) in cells at points (K, 2) in cells from the centre."""
    result: Floats = np.einsum("kij,j->ki", jacobians(points), displacement)
    return result


def jacobians(points: Floats) -> Floats:
    """Return the derivatives (K, 2, 4) of the displacement at points (K, 2) by its parameters."""
    x, y = points.T
    one, none = np.ones_like(x), np.zeros_like(x)
    return np.stack([np.stack([x, -y, one, none], 1), np.stack([y, x, none, one], 1)], 1)


def view_corners(size: int) -> Floats:
    """Return the corners (4, 2) of a view of ``size`` px, in cells from its centre."""
    half = (size - 1) / 2 / CELL
    return np.array([[-half, -half], [half, -half], [-half, half], [half, half]])
