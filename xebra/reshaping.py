"""Images resampled so that a tilt or oblong pixels that are known do not distort them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from xebra.arrays import Matrix
from xebra.errors import PriorInvalid
from xebra.estimate.affine_covariance import converted_covariance
from xebra.estimate.estimate import Estimate
from xebra.image import Image, above_lowest
from xebra.resample import coverage, resample
from xebra.transform import AffineTransform, corners, image_center

MAX_TILT_DEG = 80.0
Tilt = float | tuple[float, float]
EDGES = np.array([[-0.5, -0.5], [0.5, -0.5], [-0.5, 0.5], [0.5, 0.5]])


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
    pixels = resample(above_lowest(image.pixels, image.mask), image_from_new, shape)
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

    def original(fixed_from_moving: Matrix) -> Matrix:
        return fixed.image_from_new @ fixed_from_moving @ moving_from_new

    transform = AffineTransform.from_matrix(original(estimate.transform.matrix), image_center(moving_shape))
    covariance = estimate.covariance
    if covariance is not None:
        covariance = converted_covariance(covariance, estimate.transform, original, moving_shape)
    places = tuple(
        replace(place, fixed_from_moving=original(place.fixed_from_moving)) for place in estimate.places
    )
    return replace(estimate, transform=transform, covariance=covariance, places=places)
