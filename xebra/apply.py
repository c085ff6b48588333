"""A registration applied to further channels of the moving scan, and to points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from xebra.arrays import Floats, Matrix, Pixels
from xebra.errors import ImageUnusable
from xebra.field.displacement_field import DisplacementField
from xebra.field.resampling import resample_through
from xebra.resample import Interpolation, resample

SAME_FIELD_WITHIN = 0.01  # of the aspect ratio: how far maps of one scan may differ by whole pixels


def apply(
    pixels: Pixels,
    moving_from_fixed: Matrix,
    moving_shape: Sequence[int],
    fixed_shape: Sequence[int],
    *,
    interpolation: Interpolation = "linear",
    same_field: bool = False,
    name: str = "image",
    field: DisplacementField | None = None,
) -> Pixels:
    """Return ``pixels`` (H, W) or (H, W, C), a channel of the moving scan, on the fixed image's grid.

    The dtype is kept, and values are 0 outside the moving image. ``same_field``: a channel with another
    number of pixels, such as a binned element map, shows the field of the moving image; its outer edges
    are laid on those of the moving image. ``field``: the whole transform of bent images.
    Raises ImageUnusable for a channel of another size without ``same_field``,
    or of another aspect ratio.
    """
    pixels = np.asarray(pixels)
    if pixels.ndim not in (2, 3):
        raise ImageUnusable(f"{name}: an array of shape {pixels.shape} is no image. Give (rows, columns).")
    channel = _channel_from_moving(pixels.shape, moving_shape, same_field, name)
    shape = (int(fixed_shape[0]), int(fixed_shape[1]))

    def resampled(values: Pixels, by: Interpolation) -> Pixels:
        if field is not None:
            return resample_through(values, field, shape, by, channel)
        return resample(values, channel @ moving_from_fixed, shape, by)

    if pixels.dtype == bool:
        return resampled(pixels.astype(np.uint8), "nearest").astype(bool)
    return resampled(pixels, interpolation)


def field_of(body: dict[str, Any]) -> DisplacementField | None:
    """Return the field of a registration's canonical JSON; None where the images are not bent."""
    return DisplacementField.from_json(body["field"]) if body.get("field") else None


def _channel_from_moving(
    shape: Sequence[int], moving_shape: Sequence[int], same_field: bool, name: str
) -> Floats:
    """Return the 3 x 3 matrix from pixels of the moving image to pixels of the channel."""
    (rows, columns), (moving_rows, moving_columns) = shape[:2], moving_shape[:2]
    if (rows, columns) == (moving_rows, moving_columns):
        return np.eye(3)
    sizes = f"{columns} x {rows} px, the moving image {moving_columns} x {moving_rows} px"
    if not same_field:
        raise ImageUnusable(
            f"{name}: it has {sizes}. If both show the same field, use same_field=True (--same-field)."
        )
    y, x = rows / moving_rows, columns / moving_columns
    if abs(x - y) > SAME_FIELD_WITHIN * max(x, y):
        raise ImageUnusable(f"{name}: it has {sizes}, another aspect ratio, so that it shows another field.")
    # Outer edges coincide, not the centres of the first pixels.
    return np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])
