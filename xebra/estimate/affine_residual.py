"""What a similarity leaves of an affine transform: foreshortening of a tilted view, shear of a scan.

Each block's maximum of correlation is a measured displacement with an information matrix. Least squares
over the blocks, with Tukey's weights against outliers, gives a correction of the similarity and the two
parameters of a symmetric stretch without change of area, [[a, b], [b, -a]]. Their covariance is White's
(Econometrica 48, 817, 1980), by the scatter of the blocks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from xebra.arrays import Floats, Integers, Matrix
from xebra.estimate.block_agreement import REACH, BlockMaps
from xebra.estimate.displacement import Evidence, displacement_at, jacobians
from xebra.estimate.estimate import REFERENCE_WIDTH

WINDOW = 4.0  # cells around the estimate in which a block's maximum is searched
MIN_BLOCKS = 8
ROUNDS = 6
CUT = 3.5  # robust standard deviations where Tukey's weight ends
LEAST_SPREAD = 0.08  # cells: blocks agree no better
SIGNIFICANT = 6.0  # standard errors: real pairs of a similarity have smaller ones (development images)


@dataclass(frozen=True)
class AffineResidual:
    """A stretch by 1 + ``stretch`` along an axis and 1 - ``stretch`` across it; 0 where not significant."""

    stretch: float = 0.0
    axis_deg: float = 0.0  # of the fixed image, +x towards +y

    @property
    def corner_px(self) -> float:
        """Return the mean displacement at the corners, px at 256."""
        return self.stretch * math.sqrt(2) * (REFERENCE_WIDTH - 1) / 2

    @property
    def tilt_deg(self) -> float:
        """Return the tilt that would foreshorten a view as much."""
        return math.degrees(math.acos((1 - self.stretch) / (1 + self.stretch)))

    @classmethod
    def of(cls, evidence: Evidence, size: int) -> AffineResidual:
        """Return the significant residual after a refinement step in a view of ``size`` px."""
        found = BlockMaps.of(evidence)
        displacement = evidence.displacement + evidence.newton_step(size)
        expected = displacement_at(displacement, found.centers)
        peaks, information, sharp = block_maxima(found, expected)
        if np.count_nonzero(sharp) < MIN_BLOCKS:
            return cls()
        return _fit(found.centers[sharp], (peaks - expected)[sharp], information[sharp])


NO_RESIDUAL = AffineResidual()


def _fit(centers: Floats, residuals: Floats, information: Floats) -> AffineResidual:
    """Return the stretch that residuals (K, 2) in cells at centres (K, 2) show, if it is significant."""
    parameters, covariance, _ = robust_least_squares(jacobians(centers, 6), residuals, information)
    a, b = parameters[4:]
    stretch, error = math.hypot(a, b), math.sqrt(max(covariance[4, 4], covariance[5, 5]))
    if stretch < SIGNIFICANT * error:
        return AffineResidual()
    return AffineResidual(stretch, math.degrees(math.atan2(b, a)) / 2)


def robust_least_squares(
    design: Floats, residuals: Floats, information: Floats
) -> tuple[Floats, Matrix, Matrix]:
    """Return the parameters (P,) that fit residuals (K, 2) for a design (K, 2, P).

    Also their covariance (P, P) by the scatter of the residuals, and their information by the curvatures.
    """
    count = len(residuals)
    weights = np.ones(count)
    for _ in range(ROUNDS):
        normal, parameters = _solve(design, residuals, information * weights[:, None, None])
        left = residuals - design @ parameters
        distance = np.hypot(*left.T)
        spread = max(1.24 * float(np.median(distance)), LEAST_SPREAD)
        weights = np.clip(1 - (distance / (CUT * spread)) ** 2, 0, 1) ** 2
    scores = np.einsum("k,kpi,kpq,kq->ki", weights, design, information, left)
    inverse = np.linalg.inv(normal)
    covariance = inverse @ scores.T @ scores @ inverse * count / max(count - design.shape[2], 1)
    return parameters, covariance, normal


def _solve(design: Floats, values: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return the normal matrix (P, P) and the parameters (P,) of weighted least squares."""
    normal = np.einsum("kpi,kpq,kqj->ij", design, weights, design)
    normal += 1e-9 * np.trace(normal) * np.eye(len(normal))
    return normal, np.linalg.solve(normal, np.einsum("kpi,kpq,kq->i", design, weights, values))


def block_maxima(found: BlockMaps, expected: Floats, window: float = WINDOW) -> tuple[Floats, Floats, Floats]:
    """Return each map's maximum (K, 2) near an expected shift, its curvature, and where it is a maximum."""
    line = np.arange(-REACH, REACH + 1)
    apart = np.hypot(line[None, None, :] - expected[:, :1, None], line[None, :, None] - expected[:, 1:, None])
    place = np.where(apart <= window, found.maps, -np.inf).reshape(len(apart), line.size**2).argmax(1)
    rows, columns = np.divmod(place, len(line))
    inner = (rows > 0) & (rows < 2 * REACH) & (columns > 0) & (columns < 2 * REACH)
    rows, columns = np.clip(rows, 1, 2 * REACH - 1), np.clip(columns, 1, 2 * REACH - 1)
    slope, curvature = _derivatives(found.maps, rows, columns)
    determinant = curvature[:, 0, 0] * curvature[:, 1, 1] - curvature[:, 0, 1] ** 2
    sharp = inner & (determinant > 1e-9) & (curvature[:, 0, 0] > 1e-6)
    safe = np.where(sharp[:, None, None], curvature, np.eye(2))
    step = np.clip(np.linalg.solve(safe, slope[..., None])[..., 0], -0.7, 0.7)
    return np.stack([line[columns], line[rows]], 1) + step, curvature, sharp


def _derivatives(maps: Floats, rows: Integers, columns: Integers) -> tuple[Floats, Floats]:
    """Return slope (K, 2) and negative curvature (K, 2, 2) of maps at whole shifts, by differences."""
    each = np.arange(len(maps))

    def value(down: int, right: int) -> Floats:
        return maps[each, rows + down, columns + right]

    center = value(0, 0)
    xx, yy = 2 * center - value(0, 1) - value(0, -1), 2 * center - value(1, 0) - value(-1, 0)
    xy = (value(1, -1) + value(-1, 1) - value(1, 1) - value(-1, -1)) / 4
    slope = np.stack([value(0, 1) - value(0, -1), value(1, 0) - value(-1, 0)], 1) / 2
    return slope, np.stack([np.stack([xx, xy], 1), np.stack([xy, yy], 1)], 1)
