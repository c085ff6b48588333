"""Masked normalised cross-correlation of small templates of features with the maps of a large image."""

from __future__ import annotations

import itertools
import math
from functools import cache, lru_cache

import numpy as np
from scipy import fft, ndimage, sparse
from threadpoolctl import ThreadpoolController

from xebra.arrays import Complexes, Floats

MIN_COVER = 0.5  # of the template that the large image must cover
MIN_ENERGY, MIN_NORM = 1e-3, 0.25  # of summed cells
UNSCORED = np.float32(-1e4)


class TemplateCorrelation:
    """Correlates templates (K, C + 1, side, side), features and coverage, with maps (C + 1, rows, columns).

    The side of the templates is odd, so that their centre is a cell.
    """

    def __init__(self, maps: Floats, side: int, sharpness: float, overlap_exponent: float):
        self._sharpness, self._exponent = sharpness, overlap_exponent
        self._shape, half = maps.shape[1:], side // 2
        self._size = tuple(fft.next_fast_len(length + half, real=True) for length in self._shape)
        self._spectrum = fft.rfft2(with_energy(maps), self._size)
        self._rows = _fourier_matrix(side, self._size[0], self._size[0])
        self._columns = _fourier_matrix(side, self._size[1], self._size[1] // 2 + 1).T.copy()

    def scores(self, templates: Floats) -> Floats:
        """Return log odds (K, rows, columns) by the cell at a template's centre; -1e4 where not covered."""
        with blas().limit(limits=1):  # threads would wait for each other in every small product
            return np.stack([self._scores(template) for template in templates])

    def _scores(self, template: Floats) -> Floats:
        """Return the scores of one template."""
        sums = fft.irfft2(self._products(with_energy(template)), self._size, overwrite_x=True)
        product, cover, large, small = sums[..., : self._shape[0], : self._shape[1]]
        covered = cover / max(float(template[-1].sum()), 1.0)
        norm = np.sqrt(np.maximum(large, MIN_ENERGY) * np.maximum(small, MIN_ENERGY))
        score = self._sharpness * product / np.maximum(norm, MIN_NORM)
        score *= np.maximum(covered, 1e-3) ** self._exponent
        return np.where(covered < MIN_COVER, UNSCORED, score).astype(np.float32)

    def _products(self, template: Floats) -> Complexes:
        """Return spectra (4, rows, columns) of the product, the cover and the energies of image and template.

        The template's conjugate spectrum, its centre at the origin, comes by matrix products: most of its
        plane would be zeros for a fast Fourier transform.
        """
        own = self._rows @ (template.astype(np.complex64) @ self._columns)
        energy, cover = len(template) - 1, len(template) - 2
        product = np.einsum("crx,crx->rx", self._spectrum[:cover], own[:cover])
        pairs = ((cover, cover), (energy, cover), (cover, energy))
        return np.stack([product, *(self._spectrum[large] * own[small] for large, small in pairs)])


@cache
def blas() -> ThreadpoolController:
    """Return the controller of the process's linear algebra libraries; cached, since finding them is slow."""
    return ThreadpoolController().select(user_api="blas")


def with_energy(maps: Floats) -> Floats:
    """Return maps (..., C + 1, rows, columns) of features and coverage with the features' energy appended."""
    return np.concatenate([maps, (maps[..., :-1, :, :] ** 2).sum(-3, keepdims=True)], -3)


def _fourier_matrix(side: int, size: int, count: int) -> Complexes:
    """Return the conjugate Fourier matrix (count, side) of ``side`` cells centred at the origin."""
    place = np.arange(side) - side // 2
    phase = np.outer(np.arange(count), place) % size
    matrix: Complexes = np.exp(2j * np.pi / size * phase).astype(np.complex64)
    return matrix


def turned_templates(maps: Floats, angles: Floats, log_scale: float, side: int) -> Floats:
    """Return templates (K, C + 1, side, side): maps (C + 1, n, n) rotated by angles (K,) (rad) and scaled."""
    scale = math.exp(-log_scale)
    source = ndimage.gaussian_filter(maps, (0, *2 * (_sigma(scale),))) if scale > 1.2 else maps
    places = _bilinear_weights(tuple(angles.tolist()), scale, side, maps.shape[1:])
    sampled: Floats = places @ source.reshape(len(maps), -1).T  # (K * side * side, C + 1)
    return np.ascontiguousarray(sampled.T).reshape(len(maps), -1, side, side).transpose(1, 0, 2, 3)


@lru_cache(maxsize=8)
def _bilinear_weights(
    angles: tuple[float, ...], scale: float, side: int, shape: tuple[int, int]
) -> sparse.csr_array:
    """Return the weights (K * side * side, rows * columns) of a map's cells in rotated templates; cached.

    Templates of all pairs are sampled at the same places: those of a grid of hypotheses. 0 outside.
    """
    line = np.arange(side) - (side - 1) / 2
    cosine, sine = (scale * turn(np.array(angles))[:, None, None] for turn in (np.cos, np.sin))
    rows = cosine * line[:, None] - sine * line[None, :] + (shape[0] - 1) / 2
    columns = cosine * line[None, :] + sine * line[:, None] + (shape[1] - 1) / 2
    parts = []
    for row, column in itertools.product((0, 1), (0, 1)):
        at_row, at_column = np.floor(rows).astype(int) + row, np.floor(columns).astype(int) + column
        weight = (1 - np.abs(rows - at_row)) * (1 - np.abs(columns - at_column))
        inside = (at_row >= 0) & (at_row < shape[0]) & (at_column >= 0) & (at_column < shape[1])
        cells = (at_row * shape[1] + at_column)[inside]
        parts.append((weight[inside].astype(np.float32), np.flatnonzero(inside), cells))
    weights, places, cells = (np.concatenate(each) for each in zip(*parts, strict=True))
    return sparse.csr_array((weights, (places, cells)), shape=(rows.size, shape[0] * shape[1]))


def _sigma(step: float) -> float:
    """Return the standard deviation in cells of the Gaussian before sampling every ``step`` cells."""
    return 0.4 * math.sqrt(step * step - 1)
