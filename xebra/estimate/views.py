"""Views of an image: a square grid of any size laid on it in any way, with the image's outline."""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

from xebra.image import Image

COARSEST = 48  # px: an image is not binned below this


class Viewed:
    """An image at its own resolution and binned by 2, 4, 8..., each made when first looked at."""

    def __init__(self, image: Image):
        self.shape = image.shape[:2]
        self._levels = [np.ascontiguousarray(image.gray, dtype=np.float32)]

    def view(self, image_from_view: np.ndarray, size: int) -> np.ndarray:
        """(2, N, N) float32: values and outline (1 inside, 0 beyond) through a 3 x 3 transform of view px."""
        step = math.sqrt(abs(np.linalg.det(image_from_view[:2, :2])))
        inside = _outline(self.shape, image_from_view, step, size)
        return np.stack([self._values(image_from_view, step, size) * inside, inside])

    def _values(self, image_from_view: np.ndarray, step: float, size: int) -> np.ndarray:
        pixels, unbinned = self.binned(step)
        matrix = np.linalg.inv(unbinned) @ image_from_view
        if pixels.shape == (size, size) and np.allclose(matrix, np.eye(3), atol=1e-9):
            return pixels
        return ndimage.affine_transform(
            pixels,
            matrix[1::-1, 1::-1],  # scipy counts (row, column)
            matrix[1::-1, 2],
            output_shape=(size, size),
            output=np.float32,
            order=1,
            mode="nearest",
        )

    def binned(self, step: float) -> tuple[np.ndarray, np.ndarray]:
        """The image binned to about ``step`` px, and the 3 x 3 from px of that to those of the image."""
        wanted = max(0, round(math.log2(max(step, 1.0))))
        while len(self._levels) <= wanted and min(self._levels[-1].shape) >= 2 * COARSEST:
            self._levels.append(_halved(self._levels[-1]))
        level = min(wanted, len(self._levels) - 1)
        bin_px = 2**level
        middle = (bin_px - 1) / 2
        return self._levels[level], np.array([[bin_px, 0, middle], [0, bin_px, middle], [0, 0, 1.0]])


def _halved(pixels: np.ndarray) -> np.ndarray:
    """Means over 2 x 2 px; an odd last row or column is repeated."""
    rows, columns = (-(-side // 2) * 2 for side in pixels.shape)
    missing = [(0, rows - pixels.shape[0]), (0, columns - pixels.shape[1])]
    even = np.pad(pixels, missing, mode="edge") if np.any(missing) else pixels  # which pad would copy
    return (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) * np.float32(0.25)


def _outline(shape: tuple[int, int], image_from_view: np.ndarray, step: float, size: int) -> np.ndarray:
    """How far inside the image's outer edges each px of the view lies, 0 to 1 over a px of the view."""
    line = np.arange(size)
    inside = np.full((size, size), np.inf)
    for (x, y, start), length in zip(image_from_view[:2], (shape[1], shape[0]), strict=True):
        at = (x * line)[None, :] + (y * line)[:, None] + start
        np.minimum(inside, np.minimum(at + 0.5, length - 0.5 - at), out=inside)
    return np.clip(inside / step + 0.5, 0, 1).astype(np.float32)
