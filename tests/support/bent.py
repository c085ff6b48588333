"""Bent views of a textured specimen with the exact displacement of every pixel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from xebra.transform import SimilarityTransform, image_center, map_points


@dataclass(frozen=True)
class BentPair:
    """A fixed and a moving view with the moving point of every fixed pixel, and where it lies inside."""

    fixed: np.ndarray
    moving: np.ndarray
    moving_points: np.ndarray  # (side, side, 2)
    inside: np.ndarray  # (side, side)

    def errors(self, result) -> np.ndarray:
        """Return the distances (N,) of a result from the exact points, px of the moving image."""
        rows, columns = np.nonzero(self.inside)
        found = result.to_moving(np.stack([columns, rows], 1)[::31])
        return np.hypot(*(found - self.moving_points[rows, columns][::31]).T)


def texture(side: int, seed: int) -> np.ndarray:
    """Return an image (side, side) of grains of many sizes, mean 0 and deviation 1."""
    rng = np.random.default_rng(seed)
    layers = [
        size**1.7 * ndimage.gaussian_filter(rng.normal(size=(side, side)), size) for size in (1.5, 4, 12)
    ]
    image = np.sum(layers, 0)
    return (image - image.mean()) / image.std()


def like(image: np.ndarray) -> np.ndarray:
    return image


def other_contrast(image: np.ndarray) -> np.ndarray:
    """Return the image by another instrument: bright where it differs from its mean, either way."""
    return np.tanh(np.abs(image) - 0.6 + 0.2 * image)


def bent_pair(
    contrast: Callable[[np.ndarray], np.ndarray] = like,
    smooth_px: float = 4.0,
    drift_px: float = 2.0,
    linear: np.ndarray | None = None,
    side: int = 384,
    seed: int = 1,
) -> BentPair:
    """Return a pair bent by a smooth field and a drift of the rows of the moving image, RMS in px."""
    rng, of = np.random.default_rng(seed), texture(side + 128, seed + 40)
    center = image_center((side, side))
    moving_from_fixed = SimilarityTransform(1.04, 0.08, (6.0, -4.0), center).matrix
    if linear is not None:
        moving_from_fixed[:2, :2] = linear @ moving_from_fixed[:2, :2]
    smooth = np.stack([ndimage.gaussian_filter(rng.normal(size=(side, side)), 45) for _ in range(2)])
    smooth *= smooth_px / np.sqrt((smooth**2).sum(0).mean())
    rows = ndimage.gaussian_filter1d(np.cumsum(rng.normal(size=side)), 3)
    rows -= np.polyval(np.polyfit(np.arange(side), rows, 1), np.arange(side))
    rows *= drift_px / rows.std()
    fixed_grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).astype(float)

    def fixed_of(moving: np.ndarray) -> np.ndarray:
        point = map_points(np.linalg.inv(moving_from_fixed), moving)
        at = point[..., 1], point[..., 0]
        moved = [ndimage.map_coordinates(part, at, order=1, mode="nearest") for part in smooth]
        drift = np.interp(moving[..., 1], np.arange(side), rows)
        return point + np.stack([moved[0] + drift, moved[1]], -1)

    points = map_points(moving_from_fixed, fixed_grid)
    for _ in range(30):
        points = points - (fixed_of(points) - fixed_grid) @ moving_from_fixed[:2, :2].T
    views = []
    for image, at in ((of, fixed_grid), (contrast(of), fixed_of(fixed_grid))):
        view = ndimage.map_coordinates(image, (at[..., 1] + 64, at[..., 0] + 64), order=1, mode="nearest")
        noisy = view + rng.normal(size=view.shape) * 0.05 * view.std()
        views.append(noisy.astype(np.float32))
    inside = ((points > 2) & (points < side - 3)).all(-1)
    return BentPair(views[0], views[1], points, inside)
