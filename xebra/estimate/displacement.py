"""Small similarity displacements and the quadratic likelihood model that the refinement network predicts.

A displacement d(z) = m z + a of complex positions z, in cells from the centre of a view, has the four real
parameters (Re m, Im m, Re a, Im a). It is the similarity z -> z + d(z) and linear in its parameters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CELL = 2  # px of a view
BLOCK = 16  # cells, side of the blocks over which evidence is summed
RIDGE = 0.02  # of the mean information: limits the step where the likelihood is nearly flat
MAX_STEP = 1.5  # cells, of one Newton step


@dataclass(frozen=True)
class Evidence:
    """Second-order expansion of the log likelihood about a displacement, for each half of the blocks.

    Index 0 of ``gradient`` and ``information`` is the sum over the black blocks of a checkerboard, index 1
    that over the white ones.
    """

    displacement: np.ndarray  # (4,) cells
    gradient: np.ndarray  # (2, 4)
    information: np.ndarray  # (2, 4, 4)
    score: float
    block_correlation: np.ndarray | None = None  # (rows, rows, 17, 17): of each block over its shifts

    def newton_step(self, size: int, half: int | None = None) -> np.ndarray:
        """Return the damped Newton step (4,) for a view of ``size`` px, from all blocks or from one half."""
        unit = parameter_units(size)
        chosen = slice(None) if half is None else slice(half, half + 1)
        gradient = self.gradient[chosen].sum(0) * unit
        information = self.information[chosen].sum(0) * unit[:, None] * unit
        ridge = RIDGE * np.clip(np.diag(information), 0, None).mean() + 1e-3
        damped = information + ridge * np.eye(4)
        if np.linalg.eigvalsh(damped)[0] <= 0:  # not a maximum
            return np.zeros(4)
        return np.clip(np.linalg.solve(damped, gradient), -MAX_STEP, MAX_STEP) * unit


def parameter_units(size: int) -> np.ndarray:
    """Return the step (4,) of each parameter that moves the outermost blocks of a view by about one cell."""
    outermost = np.hypot(1, 1) * (size / CELL - BLOCK) / 2
    return np.array([1 / outermost, 1 / outermost, 1, 1])


def similarity_matrix(displacement: np.ndarray, size: int) -> np.ndarray:
    """Return the 3 x 3 similarity in view px of a displacement (4,) in cells."""
    real, imaginary, x, y = displacement
    center = (size - 1) / 2
    result = np.array([[1 + real, -imaginary, CELL * x], [imaginary, 1 + real, CELL * y], [0, 0, 1.0]])
    result[:2, 2] += center - result[:2, :2] @ (center, center)
    return result


def displacement_at(displacement: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return the displacement (K, 2) in cells at points (K, 2) in cells from the centre."""
    return np.einsum("kij,j->ki", jacobians(points), displacement)


def jacobians(points: np.ndarray) -> np.ndarray:
    """Return the derivatives (K, 2, 4) of the displacement at points (K, 2) by its parameters."""
    x, y = points.T
    one, none = np.ones_like(x), np.zeros_like(x)
    return np.stack([np.stack([x, -y, one, none], 1), np.stack([y, x, none, one], 1)], 1)


def view_corners(size: int) -> np.ndarray:
    """Return the corners (4, 2) of a view of ``size`` px, in cells from its centre."""
    half = (size - 1) / 2 / CELL
    return np.array([[-half, -half], [half, -half], [-half, half], [half, half]])
