"""The covariance of an affine transform's parameters, by the derivatives of their decomposition."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.estimate.displacement import motion_matrix, parameter_units
from xebra.estimate.image_pair import Candidate, full_view_matrix
from xebra.estimate.quality_features import covariance
from xebra.transform import AffineTransform, SimilarityTransform, Transform, image_center

UNKNOWN_STRETCH = 0.1  # standard deviation of the stretch of a candidate that is a similarity
STEP = 1e-3  # cells at the outermost blocks, of the central differences
STEPS = np.array([1e-6, 1e-6, 1e-3, 1e-3, 1e-6, 1e-6])  # of log scale, angle, shift and stretch


def affine_parameters(fixed_from_moving: Matrix, moving_shape: tuple[int, ...]) -> Floats:
    """Return log scale, angle (rad), place x and y (px) of the moving centre, and the stretch (a, b)."""
    transform = AffineTransform.from_matrix(fixed_from_moving, image_center(moving_shape))
    place = transform(np.array(transform.center))
    return np.array([math.log(transform.scale), transform.angle, *place, *transform.stretch_ab])


def affine_covariance(
    candidate: Candidate,
    fixed_shape: tuple[int, ...],
    moving_shape: tuple[int, ...],
    inverted: bool = False,
) -> Matrix:
    """Return the covariance (6, 6) of ``affine_parameters``, before calibration.

    ``inverted``: the candidate maps from the moving image to the fixed one.
    """
    size = candidate.view_size
    reference_from_view = full_view_matrix(moving_shape if inverted else fixed_shape, size)
    view_from_reference = np.linalg.inv(reference_from_view)

    def parameters(displacement: Floats) -> Floats:
        motion = reference_from_view @ motion_matrix(displacement, size) @ view_from_reference
        moved = candidate.moving_from_fixed @ motion
        return affine_parameters(moved if inverted else np.linalg.inv(moved), moving_shape)

    jacobian = derivatives(parameters, STEP * parameter_units(size, 6))
    known = covariance(candidate)
    of_all = np.diag(np.full(6, UNKNOWN_STRETCH**2))
    of_all[: len(known), : len(known)] = known
    result: Matrix = jacobian @ of_all @ jacobian.T
    return result


def derivatives(function: Callable[[Floats], Floats], steps: Floats) -> Floats:
    """Return the derivatives (Q, P) of a function of P parameters at 0 by central differences."""
    ends = [(function(step), function(-step)) for step in np.diag(steps)]
    return np.stack([(up - down) / (2 * step) for (up, down), step in zip(ends, steps, strict=True)], 1)


def converted_covariance(
    covariance: Matrix,
    fixed_from_moving: Transform,
    converted: Callable[[Matrix], Matrix],
    moving_shape: tuple[int, ...],
) -> Matrix:
    """Return the covariance (6, 6) of ``affine_parameters`` after a change of both images' coordinates.

    Args:
        covariance: (4, 4) of log scale, angle and shift of the moving centre, or (6, 6) with the stretch.
        fixed_from_moving: the transform before the change.
        converted: returns the 3 x 3 between the images for one before the change.
        moving_shape: of the image that ``converted`` leads from.
    """

    def parameters(change: Floats) -> Floats:
        return affine_parameters(converted(changed(fixed_from_moving, change).matrix), moving_shape)

    jacobian = derivatives(parameters, STEPS[: len(covariance)])
    result: Matrix = jacobian @ covariance @ jacobian.T
    return result


def changed(transform: Transform, change: Floats) -> Transform:
    """Return a transform with log scale, angle, shift of the centre and log stretch (a, b) changed."""
    log_scale, angle, x, y, *stretch = change
    a, b = stretch or (0.0, 0.0)
    similarity = SimilarityTransform(math.exp(log_scale), angle).linear
    center = transform(np.array(transform.center))
    matrix = np.eye(3)
    matrix[:2, :2] = np.array([[1 + a, b], [b, 1 - a]]) @ similarity
    matrix[:2, 2] = np.add(center, [x, y]) - matrix[:2, :2] @ center
    return AffineTransform.from_matrix(matrix @ transform.matrix, transform.center)
