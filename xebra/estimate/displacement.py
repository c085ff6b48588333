"""Small displacements and the evidence for them: the algebra of the refinement, without a network.

A displacement d(z) = m z + a of complex numbers, in cells from the centre of a view, has the four real
parameters (m, a). It is the similarity z -> z + d(z), and all that follows is linear in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CELL = 2  # px of a view
BLOCK = 16  # cells, side of the blocks that evidence is collected in
RIDGE = 0.02  # of the mean information: what keeps a step short where the evidence says little
LONGEST = 1.5  # cells, of one step


@dataclass(frozen=True)
class Evidence:
    """A quadratic model of how likely displacements are, about one of them; of black and white blocks."""

    displacement: np.ndarray  # (4,) cells
    gradient: np.ndarray  # (2, 4)
    information: np.ndarray  # (2, 4, 4)
    score: float
    blocks: np.ndarray | None = None  # (rows, rows, 17, 17): each block's correlation over its shifts, cells

    def step(self, size: int, colour: int | None = None) -> np.ndarray:
        """Newton's step (4,) for a view of N px, by all blocks or those of one colour."""
        unit = units(size)
        chosen = slice(None) if colour is None else slice(colour, colour + 1)
        gradient = self.gradient[chosen].sum(0) * unit
        information = self.information[chosen].sum(0) * unit[:, None] * unit
        ridge = RIDGE * np.clip(np.diag(information), 0, None).mean() + 1e-3
        damped = information + ridge * np.eye(4)
        if np.linalg.eigvalsh(damped)[0] <= 0:  # no peak here, nowhere to go
            return np.zeros(4)
        return np.clip(np.linalg.solve(damped, gradient), -LONGEST, LONGEST) * unit


def units(size: int) -> np.ndarray:
    """What each parameter is counted in so that it moves the outermost blocks of a view by about a cell."""
    outermost = np.hypot(1, 1) * (size / CELL - BLOCK) / 2
    return np.array([1 / outermost, 1 / outermost, 1, 1])


def matrix(displacement: np.ndarray, size: int) -> np.ndarray:
    """The 3 x 3 similarity of view px that a displacement (4,) in cells is."""
    turn, skew, x, y = displacement
    middle = (size - 1) / 2
    result = np.array([[1 + turn, -skew, CELL * x], [skew, 1 + turn, CELL * y], [0, 0, 1.0]])
    result[:2, 2] += middle - result[:2, :2] @ (middle, middle)
    return result


def at_points(displacement: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Displacement (K, 2) in cells at points (K, 2) in cells from the centre."""
    return np.einsum("kij,j->ki", jacobians(points), displacement)


def jacobians(points: np.ndarray) -> np.ndarray:
    """What each parameter does at each point (K, 2): (K, 2, 4)."""
    x, y = points.T
    one, none = np.ones_like(x), np.zeros_like(x)
    return np.stack([np.stack([x, -y, one, none], 1), np.stack([y, x, none, one], 1)], 1)


def corner_points(size: int) -> np.ndarray:
    """The corners of a view of N px, in cells from its centre."""
    half = (size - 1) / 2 / CELL
    return np.array([[-half, -half], [half, -half], [-half, half], [half, half]])
