"""What is known of a series beforehand: magnification and tilt of each frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from xebra.arrays import Floats
from xebra.errors import SeriesInvalid
from xebra.reshaping import untilted
from xebra.series.geometry import embedded


def linear_priors(
    count: int,
    magnification: Sequence[float] | Floats | None,
    tilts: Sequence[float] | Floats | None,
    tilt_axis_deg: float,
) -> Floats:
    """Return the linear map (N, 3, 3) of each frame to one geometry that all frames share.

    Raises SeriesInvalid where numbers are missing or not positive, PriorInvalid for a tilt over 80 degrees.
    """
    result = np.tile(np.eye(3), (count, 1, 1))
    if magnification is not None:
        factors = _checked("magnification", magnification, count)
        if not (factors > 0).all():
            raise SeriesInvalid("A magnification must be positive.")
        result[:, :2, :2] /= factors[:, None, None]
    if tilts is not None:
        for number, tilt in enumerate(_checked("tilts", tilts, count)):
            result[number] = embedded(untilted((float(tilt), tilt_axis_deg))) @ result[number]
    return result


def _checked(name: str, values: Sequence[float] | Floats, count: int) -> Floats:
    numbers = np.asarray(values, float)
    if numbers.shape != (count,) or not np.isfinite(numbers).all():
        raise SeriesInvalid(f"{name}: {count} finite numbers are needed, one for each frame.")
    return numbers
