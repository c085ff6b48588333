"""The shift between two frames by a correlation that is weighted by the noise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from xebra.arrays import Complexes, Floats
from xebra.series.spectrum import Power, backward, forward, without_shading

TAPER = 0.12  # of a side: width of the smooth edge
PEAKS = 3
NEAR_PX = 4  # around a peak, that belongs to it
AS_GOOD = 0.85  # of the highest peak: the peak nearest to the prediction wins among those


@lru_cache(maxsize=8)
def taper(shape: tuple[int, int], share: float = TAPER) -> Floats:
    """Return the window (h, w) with smooth edges of a share of each side."""
    sides = []
    for side in shape:
        width = max(2, int(share * side))
        ramp = np.sin(np.linspace(0, np.pi / 2, width)) ** 2
        sides.append(np.concatenate([ramp, np.ones(side - 2 * width), ramp[::-1]]))
    result: Floats = np.outer(*sides).astype(np.float32)
    return result


def spectrum_of(values: Floats) -> Complexes:
    """Return the spectrum of tapered values (h, w); values that are NaN are not known."""
    known = np.isfinite(values)
    inside = known.all()
    mean = np.float32(values.mean() if inside else values[known].mean())
    centred = values - mean if inside else np.where(known, values - mean, np.float32(0))
    return forward(centred * taper(values.shape)) * without_shading(values.shape)


@dataclass(frozen=True)
class Peak:
    """A shift (x, y) in px of the second frame's content; ``height``: in deviations of the surface."""

    shift: tuple[float, float]
    height: float


def peaks(
    first: Complexes, second: Complexes, power: Power, shape: tuple[int, int], expected: Floats | None = None
) -> list[Peak]:
    """Return the highest peaks of the correlation of two spectra; the best one first.

    A point p of the first frame is at ``p + shift`` in the second one. ``expected``: the shift (x, y) that
    is predicted.
    """
    surface = backward(first.conj() * second * power.correlation_weight(), shape)
    deviation = float(surface.std()) + 1e-30
    found = []
    for _ in range(PEAKS):
        row, column = np.unravel_index(int(surface.argmax()), shape)
        found.append(_peak(surface, int(row), int(column), deviation))
        rows = np.arange(row - NEAR_PX, row + NEAR_PX + 1) % shape[0]
        columns = np.arange(column - NEAR_PX, column + NEAR_PX + 1) % shape[1]
        surface[np.ix_(rows, columns)] = -np.inf
    return _ordered(found, expected)


def _ordered(found: list[Peak], expected: Floats | None) -> list[Peak]:
    """Return peaks with the one that is nearest to the expected shift first, among those about as high."""
    if expected is None:
        return found
    as_good = [p for p in found if p.height > AS_GOOD * found[0].height]
    best = min(as_good, key=lambda p: float(np.hypot(*(np.array(p.shift) - expected))))
    return [best, *(p for p in found if p is not best)]


def _peak(surface: Floats, row: int, column: int, deviation: float) -> Peak:
    height, width = surface.shape
    value = float(surface[row, column])
    y = row + _vertex(surface[(row - 1) % height, column], value, surface[(row + 1) % height, column])
    x = column + _vertex(surface[row, (column - 1) % width], value, surface[row, (column + 1) % width])
    return Peak(
        (_signed(x, width), _signed(y, height)),
        value / deviation,
    )


def _signed(place: float, side: int) -> float:
    return place - side if place > side / 2 else place


def _vertex(before: float, at: float, after: float) -> float:
    """Return the place of a parabola's vertex, -0.5 to 0.5 px from the middle one of three values."""
    if not (np.isfinite(before) and np.isfinite(after)):
        return 0.0
    curvature = before - 2 * at + after
    return 0.0 if curvature >= 0 else float(np.clip((before - after) / (2 * curvature), -0.5, 0.5))
