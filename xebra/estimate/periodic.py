"""Does an image repeat itself? Then it fits in more than one place, and no score can tell which is right."""

from __future__ import annotations

import numpy as np
from scipy import fft, ndimage

REPEATED = 0.8  # of the correlation of an image with itself, one period away: more is periodic
SMOOTH, SLOW = 1.5, 16.0  # px: detail below and shading above do not count
MANY = 4  # shifts that are told: both ways along two directions
LEAST, MOST = 5, 0.45  # px, and share of the width: periods that are looked for


def repeats(view: np.ndarray) -> np.ndarray:
    """Shifts (K, 2), px, by which a view (2, N, N), values and outline, fits itself again; shortest first."""
    image, inside = view
    size = len(image)
    detail = (ndimage.gaussian_filter(image, SMOOTH) - ndimage.gaussian_filter(image, SLOW)) * inside
    alike = _correlation(detail, inside)
    row, column = np.indices(alike.shape) - len(alike) // 2
    away = np.hypot(row, column)
    ring = (away >= LEAST) & (away <= MOST * size)
    peak = (alike == ndimage.maximum_filter(alike, 5)) & ring & (alike > REPEATED)
    shortest = np.argsort(away[peak], kind="stable")[:MANY]
    return np.stack([column[peak], row[peak]], 1)[shortest].astype(float)


def _correlation(detail: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Normalised correlation of an image with itself over all shifts by half its width, none amidst."""
    canvas = (len(detail) * 3 // 2,) * 2  # what is shifted further than half comes back where nobody looks
    own, energy, outline = (fft.rfft2(x, canvas) for x in (detail, detail**2 * inside, inside))
    spectra = (np.abs(own) ** 2, energy * outline.conj(), energy.conj() * outline, np.abs(outline) ** 2)
    like, shared, both, cover = (fft.fftshift(fft.irfft2(x, canvas)) for x in spectra)
    alike = like / np.sqrt(np.clip(shared * both, 1e-9, None))
    return np.where(cover > 0.2 * inside.sum(), alike, 0)
