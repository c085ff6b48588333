"""How little the images fit worse beside an estimate: what the information of a network does not show.

A single straight edge fits nearly as well when it is shifted along itself (the aperture problem): the peak of
any measure of similarity is flat in that direction.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.estimate.displacement import CELL, jacobians, motion_matrix, view_corners
from xebra.estimate.estimate import REFERENCE_WIDTH
from xebra.estimate.image_pair import Candidate, ImagePair
from xebra.estimate.quality_features import UNDETERMINED_PX, covariance, uncertainty_px

BESIDE_PX = 10.0  # at 256: mean distance at the corners of the transforms that are compared with the estimate
FALLEN = (0.005, 3.0)  # limits of -log of the ratio: a flat peak, and one beside which nothing is left
EXPONENT = -0.75  # of -log of the ratio in an uncertainty; measured in 370 right estimates
NEAR_BESIDE_PX = 5.0  # likewise BESIDE_PX, where pixel values are compared
LEAST_RISE = 1.05  # of the residual variance there: 1.10 and more in 286 right estimates, 1.02 along an edge
CHECKED_PX = 0.4  # at 256, before calibration: smaller uncertainties leave no direction flat
FLAT_PX = 25.0  # at 256, before calibration, of the whole view: its mutual information falls by less than 7 %
# Of mutual information, beside an estimate by blocks: at most 0.898 in 34 accepted real pairs, and 0.900 to
# 0.999 along straight edges with one step.
ALIKE = 0.9


def with_flatness(candidate: Candidate, pair: ImagePair, measure: Callable[[Matrix], float]) -> Candidate:
    """Return a candidate whose evidence is as much weaker as the peak of a measure is flat.

    ``measure``: of a 3 x 3 moving_from_fixed, positive.
    """
    there = measure(candidate.moving_from_fixed)
    if there <= 0 or candidate.evidence is None:
        return candidate
    beside = max(map(measure, transforms_beside(candidate, pair)))
    fallen = -math.log(max(beside, 1e-9) / there) if beside < there else 0.0
    return weakened(candidate, float(np.clip(fallen, *FALLEN)) ** (-2 * EXPONENT))


def undetermined_where_alike(
    candidate: Candidate, pair: ImagePair, measure: Callable[[Matrix], float]
) -> Candidate:
    """Return a candidate, with an uncertainty of 10 px where a measure is nearly as high beside it.

    ``measure``: of a 3 x 3 moving_from_fixed, positive.
    """
    there = measure(candidate.moving_from_fixed)
    if there <= 0 or max(map(measure, transforms_beside(candidate, pair))) < ALIKE * there:
        return candidate
    return _undetermined(candidate)


def undetermined_where_flat(
    candidate: Candidate, pair: ImagePair, residual: Callable[[Matrix], float]
) -> Candidate:
    """Return a candidate, with an uncertainty of 10 px where pixel values fit as well beside it.

    ``residual``: variance of the residuals for a 3 x 3 moving_from_fixed.
    """
    if uncertainty_px(candidate) < CHECKED_PX:
        return candidate
    beside = transforms_beside(candidate, pair, NEAR_BESIDE_PX)
    if min(map(residual, beside)) >= LEAST_RISE * residual(candidate.moving_from_fixed):
        return candidate
    return _undetermined(candidate)


def weakened(candidate: Candidate, share: float) -> Candidate:
    """Return a refined candidate with a share of its evidence; its place and its Newton step stay."""
    evidence = candidate.known_evidence
    weaker = replace(evidence, gradient=evidence.gradient * share, information=evidence.information * share)
    return replace(candidate, evidence=weaker)


def transforms_beside(
    candidate: Candidate, pair: ImagePair, distance_px: float = BESIDE_PX
) -> tuple[Matrix, Matrix]:
    """Return the 3 x 3 on both sides of a candidate in the direction that its evidence determines least.

    ``distance_px``: mean at the corners, px at 256.
    """
    size, evidence = candidate.view_size, candidate.known_evidence
    at_corners = jacobians(view_corners(round(size)), len(evidence.displacement))
    direction = _least_certain(covariance(candidate), at_corners)
    reached = float(np.hypot(*(at_corners @ direction).T).mean())
    displacement = direction * (distance_px * size / REFERENCE_WIDTH / CELL / reached)
    fixed_from_view = pair.fixed_from_view(size)
    there, back = (
        candidate.moving_from_fixed
        @ fixed_from_view
        @ motion_matrix(sign * displacement, size)
        @ np.linalg.inv(fixed_from_view)
        for sign in (1, -1)
    )
    return there, back


def _least_certain(spread: Matrix, at_corners: Floats) -> Floats:
    """Return the parameters (P,) along which a covariance (P, P) displaces the corners (4, 2, P) most."""
    moved = np.einsum("kip,kiq->pq", at_corners, at_corners)
    lengths, axes = np.linalg.eigh(moved)
    root = (axes * np.sqrt(lengths)) @ axes.T
    directions = np.linalg.eigh(root @ spread @ root)[1]
    least_certain: Floats = np.linalg.solve(root, directions[:, -1])
    return least_certain


def _undetermined(candidate: Candidate) -> Candidate:
    """Return a candidate with an uncertainty of at least 10 px."""
    share = min(1.0, uncertainty_px(candidate) / UNDETERMINED_PX) ** 2
    return weakened(candidate, share)
