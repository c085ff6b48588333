"""The last step across modalities: mutual information at the images' own px, by steps of Gauss and Newton.

The joint density of the grey levels is linearised about the present transform (``joint_density``) and solved
for the parameters that the model of the transform leaves free.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from xebra.arrays import Floats, Matrix
from xebra.estimate.displacement import jacobians
from xebra.estimate.estimate import REFERENCE_WIDTH
from xebra.estimate.field_view import LONGEST, FieldView
from xebra.estimate.image_pair import Candidate, ImagePair, corner_distance_px
from xebra.estimate.joint_density import Displacements, GreyLevels, displacements

STEPS = 3
FURTHEST_PX = 6.0  # at 256: corner distance beyond which the start is kept
TILE = 8  # px: side of the squares whose px are taken as displaced alike
COVERED = 0.99  # of a px, by the usable area of the moving image
EDGE = 5  # px: side of the square around a place that both images must cover
RIDGE = 1e-6  # of the mean information


def refine_by_density(pair: ImagePair, candidate: Candidate) -> Candidate:
    """Return a candidate refined to the maximum of mutual information at the images' own px.

    Returns the same candidate where the images overlap too little, are larger than a view, have one grey
    level, or lead elsewhere.
    """
    view = FieldView.of(pair, candidate.moving_from_fixed)
    if view is None or max(view.shape) >= LONGEST:
        return candidate
    fixed = GreyLevels.of(view.fixed, view.whole)
    design = _Design.of(view.shape, max(4, pair.free[-1] + 1))
    parameters: Floats = np.zeros(design.count)
    for _ in range(STEPS):
        motion = view.fixed_from_view @ design.motion(parameters)
        values, inside = pair.moving.view(candidate.moving_from_fixed @ motion, view.shape)
        used = ndimage.minimum_filter((inside > COVERED) & view.whole, EDGE)
        moving = GreyLevels.of(values, used)
        if fixed is None or moving is None:
            return candidate
        parameters = parameters + design.step(displacements(fixed, moving, used), pair.free)
        if np.abs(parameters).max() > FURTHEST_PX * design.radius / (REFERENCE_WIDTH / 2):
            return candidate
    motion = view.fixed_from_view @ design.motion(parameters) @ np.linalg.inv(view.fixed_from_view)
    refined = replace(candidate, moving_from_fixed=pair.held(candidate.moving_from_fixed @ motion))
    return refined if corner_distance_px(pair, candidate, refined) <= FURTHEST_PX else candidate


@dataclass(frozen=True)
class _Design:
    """Displacements of the tiles of a view by the parameters of a transform, in px at the view's edge."""

    shape: tuple[int, int]
    jacobians: Floats  # (K, 2, P)
    middle: Floats  # (2,): x, y
    radius: float

    @classmethod
    def of(cls, shape: tuple[int, int], count: int) -> _Design:
        """Return the design of ``count`` parameters."""
        lines, columns = (np.arange(side // TILE) * TILE + (TILE - 1) / 2 for side in shape)
        centers = np.stack(np.meshgrid(columns, lines), -1).reshape(-1, 2)
        middle, radius = (np.array(shape[::-1]) - 1) / 2, max(shape) / 2
        return cls(shape, jacobians((centers - middle) / radius, count), middle, radius)

    @property
    def count(self) -> int:
        """Number of parameters."""
        return int(self.jacobians.shape[2])

    def motion(self, parameters: Floats) -> Matrix:
        """Return the 3 x 3 in px of the view that displaces as the parameters do."""
        real, imaginary, x, y, *stretch = parameters
        a, b = stretch or (0.0, 0.0)
        result = np.eye(3)
        result[:2, :2] += np.array([[real + a, b - imaginary], [b + imaginary, real - a]]) / self.radius
        result[:2, 2] = self.middle + np.array([x, y]) - result[:2, :2] @ self.middle
        return result

    def step(self, found: Displacements, free: tuple[int, ...]) -> Floats:
        """Return the step (P,) that all px support together; parameters that are not free stay."""
        xx, xy, yy, *gradient = (self._tiled(part) for part in (*found.information, *found.gradient))
        x, y = self.jacobians[:, 0, list(free)], self.jacobians[:, 1, list(free)]
        information = x.T @ (xx * x + xy * y) + y.T @ (xy * x + yy * y)
        right = (x * gradient[0] + y * gradient[1]).sum(0)
        ridge = RIDGE * np.trace(information) + 1e-9
        step = np.zeros(self.count)
        step[list(free)] = np.linalg.solve(information + ridge * np.eye(len(free)), right)
        return step

    def _tiled(self, values: Floats) -> Floats:
        """Return the sums (K, 1) of values over the tiles."""
        lines, columns = (side // TILE for side in self.shape)
        of_lines = values.reshape(lines, TILE, -1).sum(1)  # one axis after the other: half the time
        sums: Floats = of_lines.reshape(lines * columns, TILE).sum(1, keepdims=True)
        return sums.astype(float)
