"""What is known about a transform before the images are compared, and how far it may be off."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from xebra.arrays import Matrix
from xebra.errors import PriorInvalid
from xebra.registration import Registration
from xebra.transform import AffineTransform, image_center


@dataclass(frozen=True, eq=False)
class Prior:
    """A guess of ``fixed_from_moving`` (3 x 3, px) with its tolerances.

    Args:
        fixed_from_moving: 3 x 3 that maps a point (x, y, 1) of the moving image to the fixed one, px.
        shift: Tolerance of the moving image's centre, as a share of the longer side of the fixed image.
        angle_deg: Tolerance of the angle, degrees.
        scale: Tolerance of the scale, relative.

    Raises:
        PriorInvalid: The matrix is not affine and invertible, or a tolerance is not positive.

    Examples:
        >>> prior = Prior([[1, 0, 12.0], [0, 1, -5.0], [0, 0, 1]], shift=0.02)
        >>> prior.fixed_from_moving[:2, 2].tolist(), prior.angle_deg
        ([12.0, -5.0], 3.0)
    """

    fixed_from_moving: Matrix
    shift: float = 0.05  # of the longer side of the fixed image, at the centre of the moving one
    angle_deg: float = 3.0
    scale: float = 0.03  # relative

    def __post_init__(self) -> None:
        matrix = np.array(self.fixed_from_moving, float)
        if matrix.shape != (3, 3) or not np.isfinite(matrix).all() or not np.allclose(matrix[2], (0, 0, 1)):
            raise PriorInvalid(
                "A prior is a finite 3 x 3 matrix, fixed_from_moving, whose last row is (0, 0, 1)."
            )
        if abs(np.linalg.det(matrix[:2, :2])) < 1e-12:
            raise PriorInvalid("The matrix of a prior must have an inverse.")
        if not min(self.shift, self.angle_deg, self.scale) > 0:
            raise PriorInvalid("The tolerances of a prior must be positive.")
        object.__setattr__(self, "fixed_from_moving", matrix)

    @classmethod
    def of(cls, source: Any) -> Prior:
        """Return the prior of a matrix or an earlier ``Registration``, with the default tolerances."""
        if isinstance(source, Prior):
            return source
        matrix = source.fixed_from_moving if isinstance(source, Registration) else source
        try:
            return cls(np.array(matrix, float))
        except (TypeError, ValueError):
            raise PriorInvalid("A prior is a 3 x 3 matrix, a Prior or an earlier Registration.") from None

    @property
    def mirror(self) -> bool:
        """Return whether the matrix reflects the moving image."""
        return bool(np.linalg.det(self.fixed_from_moving[:2, :2]) < 0)

    def between(self, fixed_from_new: Matrix, moving_from_new: Matrix) -> Prior:
        """Return the prior between resampled images, with the 3 x 3 from their px to those of the images."""
        matrix = np.linalg.inv(fixed_from_new) @ self.fixed_from_moving @ moving_from_new
        return Prior(matrix, self.shift, self.angle_deg, self.scale)

    def deviation(self, fixed_from_moving: Matrix, moving_shape: tuple[int, ...]) -> Deviation:
        """Return how far a transform is from the prior."""
        center = image_center(moving_shape)
        prior, found = (
            AffineTransform.from_matrix(m, center) for m in (self.fixed_from_moving, fixed_from_moving)
        )
        shift = np.array(found.translation) - prior.translation
        turn = (found.angle - prior.angle + math.pi) % (2 * math.pi) - math.pi
        return Deviation(float(np.hypot(*shift)), math.degrees(turn), found.scale / prior.scale)

    def allows(self, deviation: Deviation, fixed_shape: tuple[int, ...]) -> bool:
        """Return whether a deviation is within the tolerances."""
        return (
            deviation.shift_px <= self.shift * max(fixed_shape[:2])
            and abs(deviation.angle_deg) <= self.angle_deg
            and abs(math.log(deviation.scale)) <= math.log1p(self.scale)
        )


@dataclass(frozen=True)
class Deviation:
    """The difference of a transform and a prior."""

    shift_px: float  # of the centre of the moving image, in px of the fixed one
    angle_deg: float
    scale: float  # ratio
