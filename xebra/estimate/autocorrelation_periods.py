"""Periods of an image by its autocorrelation: a periodic image fits itself at several shifts."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import fft, ndimage

from xebra.arrays import Floats, Integers
from xebra.estimate.search_peaks import parabola_vertex

MIN_CORRELATION = 0.6  # autocorrelation at a shift from which the image repeats itself: 5 of 120 micrographs
SMOOTH_PX, BACKGROUND_PX = 0.75, 17  # px: pass band of the filter before correlation
LEAST_SHARE = 1e-3  # of the px under a filter: only usable px count, so that their edge is no period
MAX_PERIODS = 4  # shifts returned: both signs along two directions
MIN_PERIOD_PX, MAX_PERIOD_SHARE = 2.5, 0.45  # px, and share of the width
MIN_COVERAGE = 0.2  # share of the largest overlap below which a shift is not evaluated


def autocorrelation_periods(view: Floats) -> Floats:
    """Return shifts (K, 2), px, at which a view (2, N, N) correlates with itself, shortest first."""
    image, inside = view
    background, known = image * inside, inside
    for _ in range(2):
        share = ndimage.uniform_filter(known, BACKGROUND_PX)
        background = ndimage.uniform_filter(background, BACKGROUND_PX) / np.maximum(share, LEAST_SHARE)
        known = (share > LEAST_SHARE).astype(inside.dtype)
    share = ndimage.gaussian_filter(inside, SMOOTH_PX)
    smooth = ndimage.gaussian_filter(image * inside, SMOOTH_PX) / np.maximum(share, LEAST_SHARE)
    detail = (smooth - background) * inside
    correlation = _autocorrelation(detail, inside)
    distance = _distances(len(correlation))
    in_range = (distance >= MIN_PERIOD_PX) & (distance <= MAX_PERIOD_SHARE * len(image))
    high = in_range & (correlation > MIN_CORRELATION)
    if not high.any():
        return np.zeros((0, 2))
    row, column = np.nonzero(high & (correlation == ndimage.maximum_filter(correlation, 5)))
    shortest = np.argsort(distance[row, column], kind="stable")[:MAX_PERIODS]
    peaks = [_interpolate_peak(correlation, row[i], column[i]) for i in shortest]
    return np.array(peaks).reshape(-1, 2) - len(correlation) // 2


def _interpolate_peak(correlation: Floats, row: int, column: int) -> tuple[float, float]:
    """Return column and row of a peak at sub-px precision, by parabolas."""
    x = column + parabola_vertex(*correlation[row, column - 1 : column + 2])
    return x, row + parabola_vertex(*correlation[row - 1 : row + 2, column])


@cache
def _distances(size: int) -> Floats:
    """Return the distances (size, size) in px from the zero shift in the middle."""
    line = np.arange(size) - size // 2
    return np.hypot(line[:, None], line).astype(np.float32)


def _autocorrelation(detail: Floats, inside: Floats) -> Floats:
    """Return the normalised autocorrelation (N + 1, N + 1) of an image (N, N): shifts to half its width."""
    size, half = len(detail), len(detail) // 2
    canvas = (size * 3 // 2,) * 2  # larger shifts wrap around outside the range that is read
    product = fft.irfft2(np.abs(fft.rfft2(detail, canvas)) ** 2, canvas)
    shifts = np.arange(-half, size - half + 1)
    product = product.take(shifts, 0, mode="wrap").take(shifts, 1, mode="wrap")
    rows, columns = (
        _overlap(np.flatnonzero(inside.any(1)), shifts),
        _overlap(np.flatnonzero(inside.any(0)), shifts),
    )
    energy = _rectangle_energies(detail, rows, columns)
    coverage = np.diff(rows, axis=0).T * np.diff(columns, axis=0)
    product /= np.sqrt(np.clip(energy * energy[::-1, ::-1], 1e-9, None))
    product[coverage <= MIN_COVERAGE * coverage.max()] = 0
    return product


def _overlap(covered: Integers, shifts: Integers) -> Integers:
    """Return first px and past-the-last px (2, S) that covered px (K,) share with themselves when shifted."""
    first, after = (covered[0], covered[-1] + 1) if covered.size else (0, 0)
    start = np.minimum(first + np.maximum(shifts, 0), after)
    return np.stack([start, np.maximum(after + np.minimum(shifts, 0), start)])


def _rectangle_energies(detail: Floats, rows: Integers, columns: Integers) -> Floats:
    """Return the sums of squares over rectangles given by first and past-the-last rows and columns."""
    summed = np.zeros(np.add(detail.shape, 1))
    np.square(detail, out=summed[1:, 1:])
    summed.cumsum(0, out=summed).cumsum(1, out=summed)
    first, after = (summed.take(row, 0) for row in rows)
    strip = after - first
    energies: Floats = strip.take(columns[1], 1) - strip.take(columns[0], 1)
    return energies
