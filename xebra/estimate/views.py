"""Views of an image: a square grid of any size laid on it in any way, with the image's outline."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image as Pillow

from xebra.image import Image, gray
from xebra.usable_area.filling import filled, without_narrow_gaps

COARSEST = 48  # px: an image is not binned below this


class Viewed:
    """An image at its own resolution and binned by 2, 4, 8..., each made when first looked at.

    ``mask`` (H, W) bool, True where pixels may be used; None: everywhere.
    """

    def __init__(self, image: Image, mask: np.ndarray | None = None):
        self.shape = image.shape[:2]
        values = image.gray if mask is None else filled(gray(image.pixels, mask), mask)
        self._levels = [np.ascontiguousarray(values, dtype=np.float32)]
        self._masks = None if mask is None else [without_narrow_gaps(mask).astype(np.float32)]

    def view(self, image_from_view: np.ndarray, size: int) -> np.ndarray:
        """(2, N, N) float32: values and usable area (1 inside, 0 beyond) through a 3 x 3 of view px."""
        inside = self.usable(image_from_view, size)
        return np.stack([self.values(image_from_view, size) * inside, inside])

    def mask(self, step: float) -> np.ndarray | None:
        """Return the share of usable px of the image binned to about ``step`` px; None: all are usable."""
        return None if self._masks is None else self._binned(self._masks, step)[0]

    def usable(self, image_from_view: np.ndarray, size: int) -> np.ndarray:
        """Return how far each px of a view (N, N) lies in the usable area, 0 to 1 over a px of the view."""
        inside = outline(self.shape, image_from_view, size)
        if self._masks is None:
            return inside
        mask, unbinned = self._binned(self._masks, step_of(image_from_view))
        seen = sampled(mask, np.linalg.inv(unbinned) @ image_from_view, (size, size), edge=2)
        return np.minimum(inside, np.clip(seen, 0, 1))

    def values(self, image_from_view: np.ndarray, size: int) -> np.ndarray:
        """Return the grey values (N, N) of a view, what is not usable filled with its surroundings."""
        pixels, unbinned = self.binned(step_of(image_from_view))
        matrix = np.linalg.inv(unbinned) @ image_from_view
        if pixels.shape == (size, size) and np.allclose(matrix, np.eye(3), atol=1e-9):
            return pixels
        return sampled(pixels, matrix, (size, size), edge=1 + math.ceil(step_of(matrix) / 2))

    def binned(self, step: float) -> tuple[np.ndarray, np.ndarray]:
        """The image binned to about ``step`` px, and the 3 x 3 from px of that to those of the image."""
        return self._binned(self._levels, step)

    def _binned(self, levels: list[np.ndarray], step: float) -> tuple[np.ndarray, np.ndarray]:
        wanted = max(0, round(math.log2(max(step, 1.0))))
        while len(levels) <= wanted and min(levels[-1].shape) >= 2 * COARSEST:
            levels.append(_halved(levels[-1]))
        level = min(wanted, len(levels) - 1)
        bin_px = 2**level
        middle = (bin_px - 1) / 2
        return levels[level], np.array([[bin_px, 0, middle], [0, bin_px, middle], [0, 0, 1.0]])


def sampled(pixels: np.ndarray, matrix: np.ndarray, shape: tuple[int, int], edge: int = 0) -> np.ndarray:
    """``pixels`` (H, W) float32 through a 3 x 3 matrix of px of a view (rows, columns), bilinear.

    The outermost px go on for half a px, and ``edge`` px more; beyond is 0.
    """
    (left, top), (right, bottom) = _under(matrix, shape, pixels.shape, edge)
    rows, columns = np.arange(top, bottom), np.arange(left, right)
    if top < 0 or left < 0 or bottom > pixels.shape[0] or right > pixels.shape[1]:
        part = pixels.take(rows, 0, mode="clip").take(columns, 1, mode="clip")
    else:
        part = pixels[top:bottom, left:right]
    linear = matrix[:2, :2]
    start = matrix[:2, 2] - (left, top) + 0.5 - linear.sum(1) / 2  # Pillow counts from the px' corners
    through = (*linear[0], start[0], *linear[1], start[1])
    seen = Pillow.fromarray(np.ascontiguousarray(part)).transform(
        shape[::-1], Pillow.Transform.AFFINE, through, Pillow.Resampling.BILINEAR
    )
    return np.asarray(seen)


def _under(
    matrix: np.ndarray, shape: tuple[int, int], whole: tuple[int, int], edge: int
) -> tuple[np.ndarray, np.ndarray]:
    """First px (x, y) of an image that a view reaches, and those after the last, up to ``edge`` px beyond."""
    height, width = shape
    corners = np.array([[0, 0, 1], [width - 1, 0, 1], [0, height - 1, 1], [width - 1, height - 1, 1]])
    reached = (corners @ matrix.T)[:, :2]
    size = np.array(whole[::-1])
    first = np.clip(np.floor(reached.min(0)).astype(int) - 1, -edge, size + edge - 1)
    return first, np.clip(np.ceil(reached.max(0)).astype(int) + 2, first + 1, size + edge)


def step_of(matrix: np.ndarray) -> float:
    """How many px a px of a view spans."""
    return math.sqrt(abs(np.linalg.det(matrix[:2, :2])))


def _halved(pixels: np.ndarray) -> np.ndarray:
    """Means over 2 x 2 px; an odd last row or column is repeated."""
    rows, columns = (-(-side // 2) * 2 for side in pixels.shape)
    missing = [(0, rows - pixels.shape[0]), (0, columns - pixels.shape[1])]
    even = np.pad(pixels, missing, mode="edge") if np.any(missing) else pixels  # which pad would copy
    return (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) * np.float32(0.25)


def outline(shape: tuple[int, int], image_from_view: np.ndarray, size: int) -> np.ndarray:
    """How far inside the image's outer edges each px of the view lies, 0 to 1 over a px of the view."""
    line = np.arange(size)
    far = []  # px outside each pair of opposite edges
    for (x, y, start), length in zip(image_from_view[:2], (shape[1], shape[0]), strict=True):
        across, down = (part.astype(np.float32) for part in (x * line + start - (length - 1) / 2, y * line))
        far.append(np.abs(across[None, :] + down[:, None]) - np.float32(length / 2))
    inside = np.maximum(*far) * np.float32(-1 / step_of(image_from_view))
    return np.clip(inside + np.float32(0.5), 0, 1)
