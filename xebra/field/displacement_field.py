"""A transform with a smooth displacement: linear part, B-spline field, drift of the moving image's rows.

A point p of the fixed image is displaced by the B-spline field s to y = p + s(p). The row of the moving image
in which y lies is v = (M y)_y with the linear part M = ``moving_from_fixed``. While that row was recorded the
specimen had drifted by r(v): the moving point is M (y + r(v)). Displacements are in px of the fixed image.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.field.spline import ORDER, UniformSpline
from xebra.transform import map_points

MAX_STEPS = 60  # of the fixed-point iterations of the inverse
CONVERGED_PX = 1e-7


@dataclass(frozen=True, eq=False)
class DisplacementField:
    """A linear transform with a smooth field and, for a scanned moving image, a drift of its rows."""

    moving_from_fixed: Matrix  # 3 x 3, px
    x: UniformSpline  # along the fixed image, px
    y: UniformSpline
    smooth: Floats  # (2, y.size, x.size): coefficients of s, px of the fixed image
    rows: UniformSpline  # along the rows of the moving image, px
    drift: Floats  # (2, rows.size): coefficients of r, px of the fixed image
    error: Floats  # (2, R, C): standard error on a grid that spans x and y evenly, px of the fixed image

    def displaced(self, points: Floats) -> Floats:
        """Return points (N, 2) of the fixed image after field and drift, px of the fixed image."""
        points = np.asarray(points, float)
        moved = points + self._smooth_at(points)
        return moved + self._drift_at(self._row(moved))

    def to_moving(self, points: Floats) -> Floats:
        """Return points (N, 2) of the fixed image in the moving one, px."""
        return map_points(self.moving_from_fixed, self.displaced(points))

    def to_fixed(self, points: Floats) -> Floats:
        """Return points (N, 2) of the moving image in the fixed one, px, by fixed-point iteration."""
        wanted = map_points(np.linalg.inv(self.moving_from_fixed), np.asarray(points, float))
        moved = _fixed_point(lambda y: wanted - self._drift_at(self._row(y)), wanted)
        return _fixed_point(lambda p: moved - self._smooth_at(p), moved)

    def displacement(self, xs: Floats, ys: Floats) -> Floats:
        """Return ``displaced`` minus the point, (len(ys), len(xs), 2), on a grid of the fixed image."""
        along, down = self.x.matrix(xs), self.y.matrix(ys)
        moved = np.stack([down @ part @ along.T for part in self.smooth], -1)
        if not self.drift.any():
            return moved
        row, line = self.moving_from_fixed[1], (np.asarray(xs, float), np.asarray(ys, float))
        rows = row[0] * (line[0] + moved[..., 0]) + row[1] * (line[1][:, None] + moved[..., 1]) + row[2]
        displaced: Floats = moved + self._drift_at(rows.ravel()).reshape(moved.shape)
        return displaced

    def standard_error(self, xs: Floats, ys: Floats) -> Floats:
        """Return the standard error (len(ys), len(xs), 2) of x and of y on a grid, px of the fixed image."""
        weights = []
        for positions, spline, count in (
            (ys, self.y, self.error.shape[1]),
            (xs, self.x, self.error.shape[2]),
        ):
            place = (np.asarray(positions, float) - spline.low) / (spline.high - spline.low) * (count - 1)
            distance = np.abs(np.clip(place, 0, count - 1)[:, None] - np.arange(count))
            weights.append(np.clip(1 - distance, 0, None))
        return np.stack([weights[0] @ part @ weights[1].T for part in self.error], -1)

    @cached_property
    def min_jacobian(self) -> float:
        """A lower bound of the determinant of the derivatives of ``displaced``: above 0, nothing folds."""
        (xx, xy, yx, yy), drift = self._gradients()
        smooth, drifting = float(((1 + xx) * (1 + yy) - xy * yx).min()), float(1 + drift.min())
        return smooth * drifting if min(smooth, drifting) > 0 else min(smooth, drifting)

    @cached_property
    def max_strain(self) -> float:
        """The largest norm of the derivatives of field and drift: below 1, the inverse converges."""
        smooth, drift = self._gradients()
        return float(max(np.sqrt((smooth**2).sum(0)).max(), np.abs(drift).max()))

    def _gradients(self) -> tuple[Floats, Floats]:
        """Return s's derivatives (4, rows, columns), d(s_x, s_x, s_y, s_y) / d(x, y, x, y), and the drift's.

        The drift's are those of the row of the moving image by itself, four between two knots.
        """
        xs, ys = (np.linspace(each.low, each.high, 4 * each.intervals + 1) for each in (self.x, self.y))
        along, down = self.x.matrix(xs), self.y.matrix(ys)
        by_x, by_y = self.x.matrix(xs, derivative=True), self.y.matrix(ys, derivative=True)
        smooth = [part for s in self.smooth for part in (down @ s @ by_x.T, by_y @ s @ along.T)]
        line = np.linspace(self.rows.low, self.rows.high, 4 * self.rows.intervals + 1)
        drift = self.rows.matrix(line, derivative=True) @ self.drift.T @ self.moving_from_fixed[1, :2]
        return np.stack(smooth), drift

    @property
    def rms_px(self) -> float:
        """Root mean square of the displacement over the fixed image, px of it."""
        xs, ys = (np.linspace(each.low, each.high, 33) for each in (self.x, self.y))
        return float(np.sqrt((self.displacement(xs, ys) ** 2).sum(-1).mean()))

    @property
    def error_px(self) -> float:
        """Root mean square of the standard error of the position over the fixed image, px of it."""
        return float(np.sqrt((self.error**2).sum(0).mean()))

    def with_linear(self, moving_from_fixed: Matrix) -> DisplacementField:
        """Return the same displacements after another linear part."""
        return replace(self, moving_from_fixed=moving_from_fixed)

    def of_image(self, fixed_from_view: Matrix) -> DisplacementField:
        """Return the field of an image from that of a view of it, which is scaled and shifted only."""
        step, start = fixed_from_view[0, 0], fixed_from_view[:2, 2]
        x, y = (
            UniformSpline(begin + step * each.low, begin + step * each.high, each.intervals)
            for begin, each in zip(start, (self.x, self.y), strict=True)
        )
        linear = self.moving_from_fixed @ np.linalg.inv(fixed_from_view)
        values = step * self.smooth, step * self.drift, step * self.error
        return DisplacementField(linear, x, y, values[0], self.rows, values[1], values[2])

    def to_json(self) -> dict[str, Any]:
        """Return coefficients, knots and standard error as JSON."""
        return {
            "moving_from_fixed": self.moving_from_fixed.tolist(),
            **{name: vars(spline).copy() for name, spline in self._splines().items()},
            **{name: getattr(self, name).round(6).tolist() for name in ("smooth", "drift", "error")},
        }

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> DisplacementField:
        """Return the field whose ``to_json`` was ``body``."""
        x, y, rows = (UniformSpline(**body[name]) for name in ("x", "y", "rows"))
        linear, smooth, drift, error = (
            np.array(body[name], float) for name in ("moving_from_fixed", "smooth", "drift", "error")
        )
        return cls(linear, x, y, smooth, rows, drift, error)

    def _splines(self) -> dict[str, UniformSpline]:
        return {"x": self.x, "y": self.y, "rows": self.rows}

    def _row(self, points: Floats) -> Floats:
        """Return the row (N,) of the moving image in which points (N, 2) lie after the linear part."""
        return map_points(self.moving_from_fixed, points)[:, 1]

    def _smooth_at(self, points: Floats) -> Floats:
        """Return the B-spline field (N, 2) at points (N, 2)."""
        (column, along), (row, down) = self.x.at(points[:, 0]), self.y.at(points[:, 1])
        result = np.zeros((2, len(points)))
        for j in range(ORDER):
            for i in range(ORDER):
                result += down[:, j] * along[:, i] * self.smooth[:, row + j, column + i]
        return result.T

    def _drift_at(self, rows: Floats) -> Floats:
        """Return the drift (N, 2) at rows (N,) of the moving image."""
        first, values = self.rows.at(rows)
        result = np.zeros((2, len(first)))
        for offset in range(ORDER):
            result += values[:, offset] * self.drift[:, first + offset]
        return result.T


def _fixed_point(step: Any, start: Floats) -> Floats:
    """Return the fixed point of ``step``, iterated from ``start`` until no point moves."""
    points = start
    for _ in range(MAX_STEPS):
        before, points = points, step(points)
        if np.abs(points - before).max(initial=0) < CONVERGED_PX:
            break
    return points
