"""The transforms between two images, and their conventions.

Points are (x, y): x right, y down; the origin is the CENTRE of the top-left pixel. Positive angles turn +x
towards +y. A transform's name reads as a function: ``fixed_from_moving`` maps a point of the moving image to
the fixed one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.models import TransformModel


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


@dataclass(frozen=True, slots=True)
class AffineTransform:
    """Linear map and translation with six parameters; maps points (..., 2).

    The linear part is a similarity, then a symmetric stretch by ``exp(stretch)`` along an axis and by
    ``exp(-stretch)`` across it (polar decomposition). An instance is compared by its values.

    Args:
        values: The first two rows of the 3 x 3 matrix that acts on (x, y, 1), px.
        center: Point (x, y) about which scale and angle are stated, px.

    Raises:
        ValueError: A value is not finite, or the transform has no inverse.

    Examples:
        >>> sheared = AffineTransform(((1.0, 0.1, 0.0), (0.0, 1.0, 5.0)))
        >>> sheared(np.array([[10.0, 20.0]])).tolist()
        [[12.0, 25.0]]
    """

    values: tuple[tuple[float, float, float], tuple[float, float, float]]  # first two rows of the matrix
    center: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        linear = np.array(self.values, float)
        if linear.shape != (2, 3) or not np.isfinite(linear).all() or not np.linalg.det(linear[:, :2]):
            raise ValueError(f"an affine transform needs 2 x 3 finite values and an inverse, not {self}")

    @classmethod
    def from_matrix(cls, matrix: Matrix, center: tuple[float, float] = (0.0, 0.0)) -> AffineTransform:
        """Return the transform of a 3 x 3 matrix; raise ValueError for perspective."""
        matrix = np.asarray(matrix, float)
        if not np.allclose(matrix[2], (0, 0, 1)):
            raise ValueError("the matrix is not affine: its last row is not (0, 0, 1)")
        (a, b, x), (c, d, y) = matrix[:2].tolist()
        return cls(((a, b, x), (c, d, y)), center)

    @property
    def matrix(self) -> Matrix:
        """The 3 x 3 matrix that acts on (x, y, 1)."""
        return np.array([*self.values, (0.0, 0.0, 1.0)])

    @property
    def linear(self) -> Matrix:
        """The linear part (2 x 2)."""
        return np.array(self.values)[:, :2]

    @property
    def mirror(self) -> bool:
        """Whether x is reflected before everything else."""
        return bool(np.linalg.det(self.linear) < 0)

    @property
    def scale(self) -> float:
        """The square root of the change of area."""
        return math.sqrt(abs(float(np.linalg.det(self.linear))))

    @property
    def angle(self) -> float:
        """The rotation in radians, +x towards +y, before the stretch."""
        rotated = self.linear @ np.diag([-1.0 if self.mirror else 1.0, 1.0])
        return math.atan2(rotated[1, 0] - rotated[0, 1], rotated[0, 0] + rotated[1, 1])

    @property
    def translation(self) -> tuple[float, float]:
        """The translation after the linear part about the centre."""
        x, y = self(np.array(self.center)) - self.center
        return float(x), float(y)

    @property
    def stretch_ab(self) -> tuple[float, float]:
        """The log of the stretch as (a, b) of the symmetric matrix [[a, b], [b, -a]]."""
        squared = self.linear @ self.linear.T / self.scale**2  # exp of twice the matrix, of determinant 1
        cosh = max(1.0, (squared[0, 0] + squared[1, 1]) / 2)
        factor = math.acosh(cosh) / (2 * math.sinh(math.acosh(cosh))) if cosh > 1 + 1e-12 else 0.5
        return factor * (squared[0, 0] - squared[1, 1]) / 2, factor * squared[0, 1]

    @property
    def stretch(self) -> float:
        """The log of the stretch along ``axis_deg``; across it the log is the negative."""
        return math.hypot(*self.stretch_ab)

    @property
    def axis_deg(self) -> float:
        """The axis of the stretch in the image that is mapped to, degrees, +x towards +y, -90 to 90."""
        a, b = self.stretch_ab
        return math.degrees(math.atan2(b, a)) / 2

    @property
    def tilt_deg(self) -> float:
        """The tilt that would foreshorten a view as much."""
        return math.degrees(math.acos(math.exp(-2 * self.stretch)))

    def __call__(self, points: Floats) -> Floats:
        """Map points of shape (..., 2)."""
        return map_points(self.matrix, points)

    @property
    def similarity(self) -> SimilarityTransform:
        """The transform without its stretch; both map the centre alike."""
        return SimilarityTransform(self.scale, self.angle, self.translation, self.center, self.mirror)

    def inverse(self) -> AffineTransform:
        """Return the inverse transform about the same centre."""
        return AffineTransform.from_matrix(np.linalg.inv(self.matrix), self.center)


Transform = SimilarityTransform | AffineTransform


def transform_of(
    matrix: Matrix, center: tuple[float, float], model: TransformModel | None = None
) -> Transform:
    """Return the transform of a 3 x 3 matrix: a similarity where it is one, unless ``model`` is affine."""
    if model != "affine":
        try:
            return SimilarityTransform.from_matrix(matrix, center)
        except ValueError:
            pass
    return AffineTransform.from_matrix(matrix, center)


def mirrored_first(transform: Transform) -> Transform:
    """Return a transform that first reflects x about its centre."""
    if isinstance(transform, SimilarityTransform):
        return replace(transform, mirror=not transform.mirror)
    reflection = SimilarityTransform(center=transform.center, mirror=True)
    return AffineTransform.from_matrix(transform.matrix @ reflection.matrix, transform.center)


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
