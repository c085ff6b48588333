"""The similarity transform and its conventions.

Points are (x, y): x right, y down; the origin is the CENTRE of the top-left pixel. Positive angles turn +x
towards +y. A transform's name reads as a function: ``fixed_from_moving`` maps a point of the moving image to
the fixed one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from xebra.arrays import Floats, Matrix


def image_center(shape: tuple[int, ...]) -> tuple[float, float]:
    """Return the centre (x, y) in px of an image of ``shape`` (rows, columns, ...)."""
    return (shape[1] - 1) / 2, (shape[0] - 1) / 2


def corners(shape: tuple[int, ...]) -> Floats:
    """Return the centres (4, 2) in px of the corner pixels of an image of ``shape`` (rows, columns, ...)."""
    right, bottom = shape[1] - 1, shape[0] - 1
    return np.array([[0, 0], [right, 0], [0, bottom], [right, bottom]], float)


def homogeneous_corners(shape: tuple[int, ...]) -> Floats:
    """Return ``corners`` as (x, y, 1), (4, 3)."""
    return np.column_stack([corners(shape), np.ones(4)])


@dataclass(frozen=True, slots=True)
class SimilarityTransform:
    """Uniform scale and rotation about a centre, then translation; maps points (..., 2).

    Args:
        scale: Factor, positive.
        angle: Rotation in radians, +x towards +y.
        translation: Shift (x, y) in px of the target image.
        center: Centre (x, y) of scale and rotation in px of the source image.
        mirror: x is reflected about the centre before everything else.

    Raises:
        ValueError: A value is not finite, or the scale is not positive.

    Examples:
        >>> import math
        >>> quarter = SimilarityTransform(scale=2.0, angle=math.pi / 2, translation=(1.0, 0.0))
        >>> quarter([3.0, 0.0]).round(6).tolist()
        [1.0, 6.0]
        >>> quarter.inverse()([1.0, 6.0]).round(6).tolist()
        [3.0, 0.0]
    """

    scale: float = 1.0
    angle: float = 0.0  # radians, +x towards +y
    translation: tuple[float, float] = (0.0, 0.0)
    center: tuple[float, float] = (0.0, 0.0)
    mirror: bool = False  # x is reflected about the centre before everything else

    def __post_init__(self) -> None:
        values = (self.scale, self.angle, *self.translation, *self.center)
        if not all(math.isfinite(v) for v in values) or self.scale <= 0:
            raise ValueError(f"a similarity needs finite values and a positive scale, not {self}")

    @property
    def linear(self) -> Matrix:
        """The linear part (2 x 2)."""
        c, s = self.scale * math.cos(self.angle), self.scale * math.sin(self.angle)
        return np.array([[c, -s], [s, c]]) @ np.diag([-1.0 if self.mirror else 1.0, 1.0])

    @property
    def matrix(self) -> Matrix:
        """The 3 x 3 matrix that acts on (x, y, 1)."""
        result = np.eye(3)
        result[:2, :2] = self.linear
        result[:2, 2] = np.add(self.center, self.translation) - self.linear @ self.center
        return result

    def __call__(self, points: Floats) -> Floats:
        """Map points of shape (..., 2)."""
        return map_points(self.matrix, points)

    def inverse(self) -> SimilarityTransform:
        """Return the inverse transform about the same centre."""
        return SimilarityTransform.from_matrix(np.linalg.inv(self.matrix), self.center)

    def after(self, first: SimilarityTransform) -> SimilarityTransform:
        """Return the composition of ``first``, then this one, about the centre of ``first``."""
        return SimilarityTransform.from_matrix(self.matrix @ first.matrix, first.center)

    @classmethod
    def from_matrix(cls, matrix: Matrix, center: tuple[float, float] = (0.0, 0.0)) -> SimilarityTransform:
        """Return the transform of a 3 x 3 similarity matrix, about ``center``.

        Raises ValueError where the matrix is affine or projective but not a similarity.
        """
        matrix = np.asarray(matrix, float)
        linear = matrix[:2, :2]
        determinant = np.linalg.det(linear)
        scale = math.sqrt(abs(determinant))
        mirror = bool(determinant < 0)
        rotation = linear @ np.diag([-1.0 if mirror else 1.0, 1.0])
        angle = math.atan2(rotation[1, 0], rotation[0, 0])
        translation = linear @ center + matrix[:2, 2] - center
        result = cls(scale, angle, (float(translation[0]), float(translation[1])), center, mirror)
        if not np.allclose(result.matrix, matrix, rtol=1e-6, atol=1e-6 * max(1.0, scale)):
            raise ValueError("the matrix is not a similarity: it has shear, unequal scales or perspective")
        return result


def nearest_similarity(matrix: Matrix, center: tuple[float, float] = (0.0, 0.0)) -> SimilarityTransform:
    """Return the similarity that a 3 x 3 affine matrix is nearest to, about ``center``; both map it alike.

    Scale and angle minimise the squared difference of the linear parts.
    """
    matrix = np.asarray(matrix, float)
    mirror = bool(np.linalg.det(matrix[:2, :2]) < 0)
    (a, b), (c, d) = matrix[:2, :2] @ np.diag([-1.0 if mirror else 1.0, 1.0])
    x, y = map_points(matrix, np.array(center)) - center
    scale = math.hypot(a + d, c - b) / 2
    return SimilarityTransform(scale, math.atan2(c - b, a + d), (float(x), float(y)), center, mirror)


def map_points(matrix: Matrix, points: Floats) -> Floats:
    """Return points (..., 2) mapped by a 3 x 3 matrix."""
    matrix = np.asarray(matrix, float)
    return np.asarray(points, float) @ matrix[:2, :2].T + matrix[:2, 2]


def corner_error(estimate: Floats, truth: Matrix, shape: tuple[int, ...]) -> float:
    """Return the mean distance in px of two transforms over the corners of an image.

    Args:
        estimate: 3 x 3 matrix of points (x, y, 1).
        truth: 3 x 3 matrix in the same direction.
        shape: (rows, columns, ...) of the image whose corners are mapped.

    Examples:
        >>> import numpy as np
        >>> shifted = np.array([[1.0, 0.0, 3.0], [0.0, 1.0, 4.0], [0.0, 0.0, 1.0]])
        >>> corner_error(shifted, np.eye(3), (256, 256))
        5.0
    """
    points = corners(shape)
    difference = map_points(estimate, points) - map_points(truth, points)
    return float(np.linalg.norm(difference, axis=1).mean())
