"""The affine displacement that the correlation maps of all blocks of a view support.

Each block's map is a log likelihood of the block's shift. Their sum under six common parameters is maximised
in two stages. The maps are first smoothed by Gaussians of decreasing width, so that blocks that were shifted
far are found and blocks that show nothing do not count (Newton steps on the posterior moments of each block's
shift). Least squares over the maxima, with Tukey's weights against outliers, ends it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.estimate.affine_residual import block_maxima, robust_least_squares
from xebra.estimate.block_agreement import REACH, BlockMaps
from xebra.estimate.displacement import Evidence, displacement_at, jacobians, parameter_units

PARAMETERS = 6
MIN_BLOCKS = 6
WIDTHS = (4.0, 2.5, 1.5, 1.0)  # cells: standard deviations of the Gaussians
STEPS = 3  # Newton steps at each width
MAX_STRETCH = 0.35  # of the parameters a and b: larger ones come from a wrong place
RIDGE = 0.02  # of the mean information


@dataclass(frozen=True)
class AffineDisplacement:
    """Six parameters in cells, with their information by the curvature of the blocks' maps."""

    parameters: Floats  # (6,)
    information: Matrix  # (6, 6)


def affine_displacement(evidence: Evidence, size: int) -> AffineDisplacement | None:
    """Return the displacement that the blocks of a view of ``size`` px support; None where too few do."""
    found = BlockMaps.of(evidence)
    if len(found.maps) < MIN_BLOCKS:
        return None
    start = np.zeros(PARAMETERS)
    start[:4] = evidence.displacement + evidence.newton_step(size)
    parameters = start
    for width in WIDTHS:
        for _ in range(STEPS):
            parameters = parameters + _newton_step(found, parameters, width, size)
    if np.hypot(*parameters[4:]) > MAX_STRETCH:
        return None
    return _at_maxima(found, parameters)


def _newton_step(found: BlockMaps, parameters: Floats, width: float, size: int) -> Floats:
    """Return the Newton step (6,) of the likelihood smoothed by a Gaussian of ``width`` cells."""
    expected = displacement_at(parameters, found.centers)
    mean, spread = _posterior_moments(found, expected, width)
    precision = np.eye(2) / width**2 - spread / width**4  # (K, 2, 2): 0 where a block shows nothing
    values, vectors = np.linalg.eigh(precision)
    precision = (vectors * np.clip(values, 0, None)[:, None, :]) @ vectors.transpose(0, 2, 1)
    unit = parameter_units(size, PARAMETERS)
    design = jacobians(found.centers, PARAMETERS) * unit
    information = np.einsum("kpi,kpq,kqj->ij", design, precision, design)
    gradient = np.einsum("kpi,kp->i", design, (mean - expected) / width**2)
    ridge = RIDGE * np.trace(information) / PARAMETERS + 1e-6
    step: Floats = np.clip(np.linalg.solve(information + ridge * np.eye(PARAMETERS), gradient), -2, 2) * unit
    return step


def _posterior_moments(found: BlockMaps, expected: Floats, width: float) -> tuple[Floats, Floats]:
    """Return mean (K, 2) and covariance (K, 2, 2) of each block's shift near its expected one (K, 2)."""
    line = np.arange(-REACH, REACH + 1.0)
    x, y = (line - expected[:, axis, None] for axis in (0, 1))
    near = -(x[:, None, :] ** 2 + y[:, :, None] ** 2) / (2 * width**2)
    log = found.maps + near
    weight = np.exp(log - log.max((1, 2), keepdims=True))
    weight /= weight.sum((1, 2), keepdims=True)
    across, down = weight.sum(1), weight.sum(2)
    mean_x, mean_y = (across * x).sum(1), (down * y).sum(1)
    xx, yy = (across * x**2).sum(1) - mean_x**2, (down * y**2).sum(1) - mean_y**2
    xy = np.einsum("kyx,ky,kx->k", weight, y, x) - mean_x * mean_y
    spread = np.stack([np.stack([xx, xy], 1), np.stack([xy, yy], 1)], 1)
    return expected + np.stack([mean_x, mean_y], 1), spread


def _at_maxima(found: BlockMaps, parameters: Floats) -> AffineDisplacement | None:
    """Return the least-squares displacement of the blocks' maxima near those of ``parameters``."""
    expected = displacement_at(parameters, found.centers)
    peaks, information, sharp = block_maxima(found, expected, window=2.0)
    if np.count_nonzero(sharp) < MIN_BLOCKS + 1:
        return None
    design = jacobians(found.centers[sharp], PARAMETERS)
    residuals = (peaks - expected)[sharp]
    correction, _, normal = robust_least_squares(design, residuals, information[sharp])
    return AffineDisplacement(parameters + correction, normal)
