"""Features of a job that a change of detector, dose or specimen shifts: of both images and of the result."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from xebra.arrays import Floats, Pixels
from xebra.image import luminance

if TYPE_CHECKING:
    from xebra.registration import Registration

SAMPLE_PX = 2**15  # of an image that is examined, in pairs of neighbouring rows
LEAST_PAIRS = 16
QUANTILE_PX = 2**12  # of these that quantiles are taken of
VERDICTS = ("accept", "review", "refuse")
MAD_OF_MEAN = math.sqrt(math.pi / 2)  # standard deviation over mean absolute deviation, normal distribution


def image_features(pixels: Pixels) -> dict[str, float]:
    """Return the features of an image (H, W) or (H, W, 3 | 4) in its own units.

    ``level`` asinh of the mean, ``spread`` log10 of the standard deviation, ``noise`` log10 of the share of
    the noise in the variance, ``sharpness`` log10 of the mean squared difference of neighbouring pixels over
    that of pixels two apart (0: white noise, -0.6: smooth), ``skewness`` of the quantiles, ``saturated``
    share of the pixels at the highest value, ``size`` log2 of the number of pixels.

    Args:
        pixels: Grey values or colours; values that are not finite are left out.

    Examples:
        >>> import numpy as np
        >>> counts = np.random.default_rng(0).poisson(100, (256, 256)).astype("uint16")
        >>> found = image_features(counts)
        >>> round(found["noise"], 1) + 0, round(found["sharpness"], 1) + 0, found["size"]
        (0.0, 0.0, 16.0)
    """
    rows = _row_pairs(pixels)
    values = rows[~np.isnan(rows)]
    if values.size < 2:
        return {}
    mean, deviation = float(values.mean()), float(values.std()) or 1e-30
    low, middle, high = np.percentile(values[:: -(-values.size // QUANTILE_PX)], (10, 50, 90)).tolist()
    found = {
        "level": math.asinh(mean),
        "spread": math.log10(deviation),
        "noise": math.log10(max(_noise(rows) / deviation, 1e-6)) * 2,
        "sharpness": _sharpness(rows),
        "skewness": (high + low - 2 * middle) / (high - low) if high > low else 0.0,
        "saturated": float((values == values.max()).mean()) if values.size else 0.0,
        "size": math.log2(pixels.shape[0] * pixels.shape[1]),
    }
    return {name: value for name, value in found.items() if math.isfinite(value)}


def result_features(registration: Registration, verdict: str | None = None) -> dict[str, float]:
    """Return the features of a result.

    ``error`` is log10 of the expected corner error over the longer side of the fixed image, ``contrast`` how
    far the best score of the coarse search is above the median score (log odds), ``verdict`` 0 to 2,
    ``fixed_usable`` and ``moving_usable`` the shares of the images that were used.

    Args:
        registration: The result.
        verdict: The verdict that counts, where an instrument has its own limits.
    """
    error, search = registration.expected_corner_error_px, registration.search
    found: dict[str, float] = {}
    if (verdict or registration.verdict) in VERDICTS:
        found["verdict"] = float(VERDICTS.index(verdict or registration.verdict))
    if error is not None:
        found["error"] = math.log10(max(error, 1e-6) / max(registration.fixed.shape[:2]))
    if search is not None and search.scores:
        scores = np.array(search.scores, float)
        found["contrast"] = float(scores.max() - np.median(scores))
    for name, area in (("fixed", registration.fixed_area), ("moving", registration.moving_area)):
        found[f"{name}_usable"] = 1.0 if area is None else 1.0 - sum(area.shares.values())
    return {name: value for name, value in found.items() if math.isfinite(value)}


def job_features(registration: Registration, body: dict[str, Any]) -> dict[str, float]:
    """Return all features of a finished job, those of the images as ``fixed_noise`` and ``moving_noise``.

    Args:
        registration: The result with its images.
        body: Its JSON form as it is stored, whose verdict counts.
    """
    found = result_features(registration, body["verdict"])
    for side, image in (("fixed", registration.fixed), ("moving", registration.moving)):
        found |= {f"{side}_{name}": value for name, value in image_features(image.pixels).items()}
    return found


def _row_pairs(pixels: Pixels) -> Floats:
    """Return pairs of neighbouring rows (N, 2, W) float32, evenly spaced; infinite values are NaN."""
    height, width = pixels.shape[:2]
    wanted = max(LEAST_PAIRS, SAMPLE_PX // (2 * width))
    step = max(2, (height - 1) // wanted)
    first = np.arange(0, height - 1, step)
    rows = pixels[np.stack([first, first + 1], 1)]
    with np.errstate(over="ignore", invalid="ignore"):
        grey: Floats = luminance(rows.reshape(-1, width, *pixels.shape[2:])).astype(np.float32)
    if pixels.dtype.kind == "f":
        grey[~np.isfinite(grey)] = np.nan
    return grey.reshape(-1, 2, width)


def _noise(rows: Floats) -> float:
    """Return the standard deviation of white noise, from mixed second differences, which vanish on planes.

    J. Immerkaer, Fast noise variance estimation, Computer Vision and Image Understanding 64 (1996).
    """
    across = rows[:, 0] - rows[:, 1]
    mixed = np.abs(across[:, 1:] - across[:, :-1])
    return MAD_OF_MEAN * float(np.nanmean(mixed)) / 2


def _sharpness(rows: Floats) -> float:
    near, far = (float(np.nanmean((rows[..., lag:] - rows[..., :-lag]) ** 2)) for lag in (1, 2))
    return math.log10(near / far) if near > 0 and far > 0 else 0.0
