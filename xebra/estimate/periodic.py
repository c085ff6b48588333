"""Does an image repeat itself? Then it fits in more than one place, and no score can tell which is right."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import fft, ndimage

REPEATED = 0.8  # of the correlation of an image with itself, one period away: more is periodic
SMOOTH, SLOW = 1.5, 16.0  # px: detail below and shading above do not count
MANY = 4  # shifts that are told: both ways along two directions
LEAST, MOST = 5, 0.45  # px, and share of the width: periods that are looked for


def repeats(view: np.ndarray) -> np.ndarray:
    """Shifts (K, 2), px, by which a view (2, N, N), values and outline, fits itself again; shortest first."""
    image, inside = view
    slow = ndimage.gaussian_filter(image, SLOW, truncate=2)
    alike = _correlation((ndimage.gaussian_filter(image, SMOOTH) - slow) * inside, inside)
    away = _distances(len(alike))
    high = (away >= LEAST) & (away <= MOST * len(image)) & (alike > REPEATED)
    if not high.any():
        return np.zeros((0, 2))
    row, column = np.nonzero(high & (alike == ndimage.maximum_filter(alike, 5)))
    shortest = np.argsort(away[row, column], kind="stable")[:MANY]
    return np.stack([column, row], 1)[shortest] - len(alike) // 2.0


@cache
def _distances(size: int) -> np.ndarray:
    """(N, N) px from the middle, where no shift is."""
    line = np.arange(size) - size // 2
    return np.hypot(line[:, None], line).astype(np.float32)


def _correlation(detail: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Normalised correlation of an image with itself over all shifts by half its width, none amidst."""
    canvas = (len(detail) * 3 // 2,) * 2  # what is shifted further than half comes back where nobody looks
    own, energy, outline = (fft.rfft2(x, canvas) for x in (detail, detail**2 * inside, inside))
    spectra = (np.abs(own) ** 2, energy * outline.conj(), np.abs(outline) ** 2)
    like, shared, cover = (fft.irfft2(x, canvas) for x in spectra)
    back = np.roll(shared[::-1, ::-1], (1, 1), (0, 1))  # the other copy's energy under the outline
    alike = like / np.sqrt(np.clip(shared * back, 1e-9, None))
    return fft.fftshift(np.where(cover > 0.2 * inside.sum(), alike, 0))
