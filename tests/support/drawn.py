"""Comparison of the canvas with ``xebra.resample``."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import binary_erosion

from support.browser import Shown, canvas_from_fixed, canvas_pixels
from xebra.resample import coverage, resample

GREY_LEVELS = 2  # mean difference allowed for different interpolations


def image_from_canvas(shown: Shown, role: str) -> np.ndarray:
    """Return the point of the fixed or moving image at a point of the canvas, by the transform of the API."""
    fixed_from_canvas = np.linalg.inv(canvas_from_fixed(shown.page))
    image_from_fixed = np.eye(3) if role == "fixed" else np.array(shown.result["moving_from_fixed"])
    return image_from_fixed @ fixed_from_canvas


def resampled(pixels: np.ndarray, matrix: np.ndarray, shown: Shown) -> tuple[np.ndarray, np.ndarray]:
    """Return ``pixels`` resampled on the canvas, and their coverage without the soft rim."""
    shape = canvas_pixels(shown.page).shape[:2]
    inside = binary_erosion(coverage(pixels.shape, matrix, shape), iterations=3)
    return resample(pixels, matrix, shape).astype(float), inside


def mean_difference(drawn: np.ndarray, expected: np.ndarray, where: np.ndarray) -> float:
    assert where.sum() > 10_000, "the images hardly overlap on the canvas"
    return float(np.abs(drawn.astype(float) - expected)[where].mean())


def with_contrast_of(drawn: np.ndarray, values: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Return ``values`` with the gain and offset that fit best: a preview has another contrast."""
    return np.polyval(np.polyfit(values[where], drawn[where].astype(float), 1), values)


def unclipped(*pictures: np.ndarray) -> np.ndarray:
    return np.all([(picture > 2) & (picture < 253) for picture in pictures], axis=0)
