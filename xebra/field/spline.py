"""Uniform cubic B-splines on an interval (de Boor, A Practical Guide to Splines, 1978)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xebra.arrays import Floats, Integers

DEGREE = 3
ORDER = DEGREE + 1  # basis functions that are not 0 at a position


@dataclass(frozen=True)
class UniformSpline:
    """The basis on ``low`` to ``high`` with ``intervals`` of equal length; beyond, positions are clamped."""

    low: float
    high: float
    intervals: int

    @classmethod
    def spaced(cls, low: float, high: float, spacing: float) -> UniformSpline:
        """Return the basis whose knots are at most ``spacing`` apart."""
        return cls(low, high, max(1, int(np.ceil((high - low) / spacing - 1e-9))))

    @property
    def spacing(self) -> float:
        """Distance of the knots."""
        return (self.high - self.low) / self.intervals

    @property
    def size(self) -> int:
        """Number of basis functions."""
        return self.intervals + DEGREE

    def at(self, positions: Floats, derivative: bool = False) -> tuple[Integers, Floats]:
        """Return the first basis function (N,) that is not 0 at each position, and the values (N, 4) of four.

        ``derivative``: their derivatives by the position, 0 beyond the interval.
        """
        scaled = (np.asarray(positions, float) - self.low) / self.spacing
        inside = np.clip(scaled, 0, self.intervals * (1 - 1e-12))
        first = inside.astype(int)
        values = _slopes(inside - first) / self.spacing if derivative else _values(inside - first)
        if derivative:
            values[inside != scaled] = 0
        return first, values

    def matrix(self, positions: Floats, derivative: bool = False) -> Floats:
        """Return the basis functions (N, size) at positions (N,)."""
        first, values = self.at(positions, derivative)
        result = np.zeros((len(first), self.size))
        for offset in range(ORDER):
            result[np.arange(len(first)), first + offset] = values[:, offset]
        return result


def _values(t: Floats) -> Floats:
    """Return the four basis functions (..., 4) at 0 <= t <= 1 between two knots."""
    u, square, cube = 1 - t, t * t, t * t * t
    parts = u * u * u, 3 * cube - 6 * square + 4, -3 * cube + 3 * square + 3 * t + 1, cube
    values: Floats = np.stack(parts, -1) / 6
    return values


def _slopes(t: Floats) -> Floats:
    """Return the derivatives (..., 4) of the four basis functions by t."""
    square = t * t
    parts = -((1 - t) ** 2), 3 * square - 4 * t, -3 * square + 2 * t + 1, square
    slopes: Floats = np.stack(parts, -1) / 2
    return slopes
