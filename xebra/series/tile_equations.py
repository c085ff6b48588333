"""The normal equations of the tiles of a template: gain, step and covariance; see ``template``."""

from __future__ import annotations

import numpy as np

from xebra.arrays import Floats, Matrix

HUBER = 2.0  # deviations from which a tile gets less weight
REWEIGHTED = 2  # times
LEAST_SIGNAL = 0.02  # of the normal equations: what is left of them when noise is subtracted


def without_noise(normal: Floats, noise: Floats) -> Floats:
    """Return normal equations (tiles, p, p) without what noise adds; a little is left where all is noise."""
    traces = (np.trace(each, axis1=1, axis2=2) for each in (normal, noise))
    return normal - np.float32(subtractable(*traces)) * noise


def subtractable(total: Floats, noise: Floats) -> float:
    """Return how much of the noise of each tile can be subtracted so that signal is left."""
    return min(1.0, (1 - LEAST_SIGNAL) * float(total.sum()) / max(float(noise.sum()), 1e-30))


def gain_of(
    template: Floats, tiles: Floats, contrast: Floats, own: Floats, sums: Floats, known: float
) -> tuple[float, float, float]:
    """Return gain and offset of tiles relative to the template, and gain over its standard error.

    ``known``: share of the px that are known; the others are 0.
    """
    mean, own_mean = float(tiles.mean()) / known, float(own.mean()) / known
    shares = np.matmul(template[:, None], tiles[:, :, None])[:, 0, 0] - mean * sums
    base = contrast - own_mean * sums
    total = float(base.sum()) or 1e-30
    gain = float(shares.sum()) / total
    error = float(np.sqrt(((shares - gain * base) ** 2).sum())) / abs(total) + 1e-30
    return gain, mean - gain * own_mean, gain / error


def solved(normal: Floats, evidence: Floats) -> tuple[Floats, Matrix]:
    """Return the solution of the tiles' normal equations and its covariance; changed tiles count less."""
    normal, evidence = normal.astype(float), evidence.astype(float)
    size = np.maximum(normal[:, 0, 0] + normal[:, 1, 1], 1e-12)
    weights = np.ones(len(evidence))
    for _ in range(REWEIGHTED):
        scores = evidence - normal @ np.linalg.solve(_sum(weights, normal), weights @ evidence)
        squared = (scores[:, :2] ** 2).sum(1) / size
        weights = 1 / np.maximum(1, np.sqrt(squared / (float(np.median(squared)) + 1e-30)) / HUBER)
    inverse = np.linalg.inv(_sum(weights, normal))
    step = inverse @ (weights @ evidence)
    scores = (evidence - normal @ step) * weights[:, None]
    return step, inverse @ (scores.T @ scores) @ inverse.T


def _sum(weights: Floats, normal: Floats) -> Matrix:
    """Return the weighted sum (p, p) of the tiles' normal equations, with an inverse."""
    total = np.tensordot(weights, normal, 1)
    result: Matrix = total + 1e-9 * abs(np.trace(total)) * np.eye(len(total))
    return result
