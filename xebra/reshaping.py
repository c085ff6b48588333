"""Images resampled so that a tilt or oblong pixels that are known do not distort them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from xebra.arrays import Floats, Matrix
from xebra.errors import PriorInvalid
from xebra.estimate.affine_covariance import affine_parameters, derivatives
from xebra.estimate.estimate import Estimate
from xebra.image import Image, luminance
from xebra.resample import coverage, resample
from xebra.transform import AffineTransform, SimilarityTransform, Transform, corners, image_center

MAX_TILT_DEG = 80.0
Tilt = float | tuple[float, float]
EDGES = np.array([[-0.5, -0.5], [0.5, -0.5], [-0.5, 0.5], [0.5, 0.5]])
STEPS = np.array([1e-6, 1e-6, 1e-3, 1e-3, 1e-6, 1e-6])  # of log scale, angle, shift and stretch


@dataclass(frozen=True)
class Reshaped:
    """A resampled image, and the 3 x 3 from its px to those of the original."""

    image: Image
    image_from_new: Matrix


def untilted(tilt: Tilt) -> Matrix:
    """Return the 2 x 2 that stretches a view across its tilt axis by as much as the tilt foreshortens it.

    ``tilt``: degrees, about the x axis, or (degrees, axis in degrees from +x towards +y).
    Raises PriorInvalid for more than 80 degrees.
    """
    degrees, axis_deg = tilt if isinstance(tilt, tuple | list) else (tilt, 0.0)
    if not (abs(degrees) <= MAX_TILT_DEG and math.isfinite(axis_deg)):
        raise PriorInvalid(f"A tilt must be within {MAX_TILT_DEG:.0f} degrees of 0, not {degrees!r}.")
    axis = math.radians(axis_deg)
    direction = np.array([math.cos(axis), math.sin(axis)])
    along = np.outer(direction, direction)
    result: Matrix = along + (np.eye(2) - along) / math.cos(math.radians(degrees))
    return result


def reshaped(image: Image, linear: Matrix) -> Reshaped:
    """Return an image resampled by a linear map (2 x 2, new px from px), with px beyond it masked."""
    outer = np.vstack([corner + EDGES for corner in corners(image.shape)]) @ linear.T
    low, high = outer.min(0), outer.max(0)
    shape = tuple(int(side) for side in np.ceil((high - low)[::-1] - 1e-6))
    new_from_image = np.eye(3)
    new_from_image[:2, :2] = linear
    new_from_image[:2, 2] = image_center(shape) - linear @ image_center(image.shape)
    image_from_new = np.linalg.inv(new_from_image)
    pixels = resample(luminance(image.pixels).astype(np.float32), image_from_new, shape)
    mask = coverage(image.shape, image_from_new, shape)
    if image.mask is not None:
        mask &= resample(image.mask.astype(np.uint8), image_from_new, shape, "nearest") > 0
    other = Image(pixels, image.pixel_spacing, image.spacing_source, image.name, mask=mask)
    return Reshaped(other, image_from_new)


def between_originals(
    estimate: Estimate, fixed: Reshaped, moving: Reshaped, moving_shape: tuple[int, ...]
) -> Estimate:
    """Return an estimate between reshaped images as one between the originals, with six parameters."""
    moving_from_new = np.linalg.inv(moving.image_from_new)

    def original(transform: Transform) -> Matrix:
        return fixed.image_from_new @ transform.matrix @ moving_from_new

    center = image_center(moving_shape)
    transform = AffineTransform.from_matrix(original(estimate.transform), center)
    covariance = estimate.covariance
    if covariance is not None:
        count = len(covariance)

        def parameters(change: Floats) -> Floats:
            return affine_parameters(original(changed(estimate.transform, change)), moving_shape)

        jacobian = derivatives(parameters, STEPS[:count])
        covariance = jacobian @ covariance @ jacobian.T
    places = tuple(
        replace(place, fixed_from_moving=fixed.image_from_new @ place.fixed_from_moving @ moving_from_new)
        for place in estimate.places
    )
    return replace(estimate, transform=transform, covariance=covariance, places=places)


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
