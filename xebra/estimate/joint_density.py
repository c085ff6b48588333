"""Displacements by the joint density of the grey levels of two images of different contrast.

The log likelihood ratio log p(f, m) / (p(f) p(m)) of the grey levels f and m that meet at a px, summed over
all of them, is the mutual information (Viola and Wells, Int. J. Comput. Vis. 24, 137, 1997). Its derivative
by the displacement of a px is that of the ratio by either grey level times the gradient of the image
(Hermosillo, Chefd'hotel and Faugeras, Int. J. Comput. Vis. 50, 329, 2002). The mean square of the derivative
under the density is the information (Fisher scoring), so that every px has a step of Gauss and Newton.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from xebra.arrays import Floats, Integers, Mask

BINS = 64
PARZEN = 2.0  # bins: standard deviation of the kernel that estimates the density
FLOOR = 1e-3  # share of a uniform density that is added: pairs of grey levels that were not seen
CLIPPED = 0.5, 99.5  # percentiles of the grey levels that the bins span
SMOOTH_PX = 0.7  # standard deviation of the Gaussian that smooths both images
EVERY = 4  # px of those used, for the percentiles
LEAST_SPREAD = 1e-5  # of the grey levels, relative: less is rounding
MIN_PX = 256  # fewer px give no density


@dataclass(frozen=True)
class Displacements:
    """What each px says of its displacement along x and y: gradient and information of its log likelihood."""

    gradient: tuple[Floats, Floats]  # (rows, columns) of x, y
    information: tuple[Floats, Floats, Floats]  # (rows, columns) of xx, xy, yy


@dataclass(frozen=True)
class GreyLevels:
    """An image in bins, 0 to BINS - 1, smoothed, with its derivatives per px; the frame has none."""

    values: Floats  # (rows, columns)
    down: Floats
    right: Floats

    @classmethod
    def of(cls, image: Floats, used: Mask) -> GreyLevels | None:
        """Return the grey levels of an image; None where too few px are used or have one level only."""
        if used.sum() < MIN_PX:
            return None
        smooth = ndimage.gaussian_filter(image, SMOOTH_PX)
        low, high = np.percentile(smooth[used][::EVERY], CLIPPED)
        if high - low <= LEAST_SPREAD * max(abs(high), abs(low)):
            return None
        values = np.clip((smooth - np.float32(low)) * np.float32((BINS - 1) / (high - low)), 0, BINS - 1)
        down, right = np.zeros_like(values), np.zeros_like(values)
        down[1:-1] = (values[2:] - values[:-2]) / 2
        right[:, 1:-1] = (values[:, 2:] - values[:, :-2]) / 2
        return cls(values, down, right)


def displacements(fixed: GreyLevels, moving: GreyLevels, used: Mask) -> Displacements:
    """Return what the joint density says of the displacement of each px.

    A displacement is that of the place at which the moving image is sampled. Half of it moves the content of
    the moving image, the other half that of the fixed one against it.

    Args:
        fixed: grey levels (rows, columns).
        moving: grey levels of the moving image at the same places.
        used: (rows, columns): the px that count; others give 0.
    """
    places = fixed.values.round().astype(np.int32) * BINS + moving.values.round().astype(np.int32)
    density = _density(places[used])
    ratio = np.log(density / (density.sum(1)[:, None] * density.sum(0)))
    derivatives = np.gradient(ratio)
    by_f, by_m = (table.astype(np.float32).ravel()[places] * used for table in derivatives)
    # Of the density as estimated: that of the px themselves is less by the width of the kernel.
    of_f, of_m = (np.float32((density * table**2).sum() / 2) * used for table in derivatives)
    return Displacements(
        (
            (by_m * moving.right - by_f * fixed.right) / 2,
            (by_m * moving.down - by_f * fixed.down) / 2,
        ),
        (
            of_m * moving.right**2 + of_f * fixed.right**2,
            of_m * moving.right * moving.down + of_f * fixed.right * fixed.down,
            of_m * moving.down**2 + of_f * fixed.down**2,
        ),
    )


def _density(places: Integers) -> Floats:
    """Return the joint density (BINS, BINS) of both grey levels.

    ``places`` (K,): bin of the fixed image times BINS and that of the moving one.
    """
    counts = np.bincount(places, minlength=BINS**2).reshape(BINS, BINS).astype(float)
    density: Floats = ndimage.gaussian_filter(counts, PARZEN, mode="constant")
    density += FLOOR * density.sum() / BINS**2
    density /= density.sum()
    return density
