"""The 95 % bound of the error at an image's corners, by the covariance of a similarity."""

from __future__ import annotations

import math

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.transform import SimilarityTransform, image_center

RADIUS_95 = math.sqrt(-2 * math.log(0.05))  # standard deviations that contain 95 % in two dimensions


def bound_ratio(errors: Floats, covariance: Matrix, corners: Floats) -> float:
    """Return the largest error at the corners over the largest bound that the covariance gives them.

    The bound of a corner is the major semi-axis of its 95 % confidence ellipse.

    Args:
        errors: (4,) of log scale, angle (rad) and the shift (x, y) of the centre in px.
        covariance: (4, 4) of the same parameters.
        corners: (4, 2) offsets of the corners from the centre in px.

    Examples:
        >>> import numpy as np
        >>> bound_ratio(np.array([0, 0, 3.0, 4.0]), np.diag([0, 0, 4.0, 4.0]), np.zeros((4, 2))).__round__(2)
        1.02
    """
    jacobian = _jacobians(corners)
    at_corners = jacobian @ covariance @ jacobian.transpose(0, 2, 1)
    bounds = RADIUS_95 * np.sqrt(np.linalg.eigvalsh(at_corners)[:, -1])
    return float(np.linalg.norm(jacobian @ errors, axis=1).max() / bounds.max())


def parameter_errors(found: Matrix, truth: Matrix, moving_shape: tuple[int, ...]) -> Floats:
    """Return the errors (4,) of log scale, angle (rad) and the shift (x, y) of the moving image's centre.

    Args:
        found: 3 x 3 fixed_from_moving, px.
        truth: likewise.
        moving_shape: of the moving image.

    Examples:
        >>> import numpy as np
        >>> truth, found = np.eye(3), np.eye(3)
        >>> found[0, 2] = 2.0
        >>> parameter_errors(found, truth, (64, 64)).tolist()
        [0.0, 0.0, 2.0, 0.0]
    """
    one, other = (
        SimilarityTransform.from_matrix(each, image_center(moving_shape)) for each in (found, truth)
    )
    angle = math.remainder(one.angle - other.angle, 2 * math.pi)
    shift = np.subtract(one.translation, other.translation)
    return np.array([math.log(one.scale / other.scale), angle, *shift])


def _jacobians(points: Floats) -> Floats:
    """Return the derivatives (N, 2, 4) of points (N, 2) by log scale, angle and shift."""
    x, y = points.T
    one, zero = np.ones(len(points)), np.zeros(len(points))
    return np.stack([np.stack([x, -y, one, zero], 1), np.stack([y, x, zero, one], 1)], 1)
