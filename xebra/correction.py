"""A registration corrected by hand: its result under another transform, with who set it and when."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from xebra.registration import stretch_of
from xebra.transform import AffineTransform, image_center, map_points, transform_of

VERDICT = "corrected"


def corrected(
    body: dict[str, Any],
    fixed_from_moving: Any,
    *,
    by: str,
    at: str,
    note: str | None = None,
    id: str | None = None,
) -> dict[str, Any]:
    """Return the canonical JSON of a registration with ``fixed_from_moving`` (3 x 3, px) in place of its own.

    All statements of the estimator about its own transform are left out: covariance, intervals, expected
    error, search, places and field. ``at`` is a time in ISO 8601.
    """
    matrix = np.array(fixed_from_moving, float)
    fixed_shape, moving_shape = body["fixed"]["shape"], body["moving"]["shape"]
    place = transform_of(matrix, image_center(moving_shape))
    shift = map_points(matrix, np.array(image_center(moving_shape))) - image_center(fixed_shape)
    um = body["fixed"].get("pixel_spacing_xy_um") or body["fixed"]["pixel_spacing_um"]
    return body | {
        "scale": place.scale,
        "angle_deg": math.degrees(place.angle),
        "shift_px": shift.tolist(),
        "shift_um": None if um is None else (shift * np.array(um)).tolist(),
        "transform_model": "affine" if isinstance(place, AffineTransform) else "similarity",
        "stretch": stretch_of(place),
        "mirror": place.mirror,
        "fixed_from_moving": matrix.tolist(),
        "moving_from_fixed": np.linalg.inv(matrix).tolist(),
        **dict.fromkeys(("intervals", "covariance", "search")),
        "places": [],
        **dict.fromkeys(("field", "model_reason")),
        **dict.fromkeys(("expected_corner_error_px", "expected_corner_error_um")),
        "verdict": VERDICT,
        "reason": f"corrected by hand by {by} on {at[:10]} at {at[11:16]} UTC"
        + (f": {note}" if note else ""),
        "correction": {"id": id, "by": by, "at": at, "note": note},
    }
