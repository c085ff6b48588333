"""Does an image repeat itself? Then it fits in more than one place, and no score can tell which is right."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import fft, ndimage

from xebra.estimate.hypotheses import vertex

REPEATED = 0.8  # of the correlation of an image with itself, one period away: more is periodic
SMOOTH, SLOW = 0.75, 17  # px: detail below and shading above do not count
MANY = 4  # shifts that are told: both ways along two directions
LEAST, MOST = 2.5, 0.45  # px, and share of the width: periods that are looked for
LEAST_COVER = 0.2  # of the image: what is shifted further is not compared


def repeats(view: np.ndarray) -> np.ndarray:
    """Shifts (K, 2), px, by which a view (2, N, N), values and outline, fits itself again; shortest first."""
    image, inside = view
    slow = image
    for _ in range(2):
        slow = ndimage.uniform_filter(slow, SLOW)
    alike = _correlation((ndimage.gaussian_filter(image, SMOOTH) - slow) * inside, inside)
    away = _distances(len(alike))
    high = (away >= LEAST) & (away <= MOST * len(image)) & (alike > REPEATED)
    if not high.any():
        return np.zeros((0, 2))
    row, column = np.nonzero(high & (alike == ndimage.maximum_filter(alike, 5)))
    shortest = np.argsort(away[row, column], kind="stable")[:MANY]
    return np.array([_top(alike, row[i], column[i]) for i in shortest]) - len(alike) // 2


def _top(alike: np.ndarray, row: int, column: int) -> tuple[float, float]:
    """Column and row of a peak, between px by parabolas."""
    x = column + vertex(*alike[row, column - 1 : column + 2])
    return x, row + vertex(*alike[row - 1 : row + 2, column])


@cache
def _distances(size: int) -> np.ndarray:
    """(N, N) px from the middle, where no shift is."""
    line = np.arange(size) - size // 2
    return np.hypot(line[:, None], line).astype(np.float32)


def _correlation(detail: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Normalised correlation of an image (N, N) with itself, (N + 1, N + 1): shifts of half its width."""
    size, half = len(detail), len(detail) // 2
    canvas = (size * 3 // 2,) * 2  # what is shifted further than half comes back where nobody looks
    like = fft.irfft2(np.abs(fft.rfft2(detail, canvas)) ** 2, canvas)
    line = np.arange(-half, size - half + 1)
    like = like.take(line, 0, mode="wrap").take(line, 1, mode="wrap")
    rows, columns = (_overlap(inside.any(1), line), _overlap(inside.any(0), line))
    energy = _sums(detail, rows, columns)
    cover = np.diff(rows, axis=0).T * np.diff(columns, axis=0)
    like /= np.sqrt(np.clip(energy * energy[::-1, ::-1], 1e-9, None))
    like[cover <= LEAST_COVER * cover.max()] = 0
    return like


def _overlap(inside: np.ndarray, line: np.ndarray) -> np.ndarray:
    """First px that an outline (N,) shares with itself, shifted along a line, and the first after."""
    first, *_, last = np.flatnonzero(inside)
    return np.stack([first + np.maximum(line, 0), last + 1 + np.minimum(line, 0)])


def _sums(detail: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Of squares over rectangles, from first rows and columns up to those after the last."""
    summed = np.zeros(np.add(detail.shape, 1))
    np.square(detail, out=summed[1:, 1:])
    summed.cumsum(0, out=summed).cumsum(1, out=summed)
    first, after = (summed.take(row, 0) for row in rows)
    strip = after - first
    return strip.take(columns[1], 1) - strip.take(columns[0], 1)
