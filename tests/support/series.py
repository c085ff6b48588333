"""Simulated series with known drift, made without files."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import ndimage

from xebra.arrays import Floats, Matrix, Pixels


@cache
def specimen(seed: int = 1, side: int = 480) -> Floats:
    """Return structure of several sizes (side, side), 0 to 1."""
    rng = np.random.default_rng(seed)
    layers = [
        ndimage.gaussian_filter(rng.normal(size=(side, side)), sigma, mode="wrap") * sigma
        for sigma in (1.5, 3, 8)
    ]
    total = sum(layers)
    return np.clip(0.5 + 0.25 * total / total.std(), 0.02, 1).astype(np.float32)


def pose(shift: Floats, degrees: float = 0, scale: float = 1, side: int = 160) -> Matrix:
    """Return first_from_frame: rotation and scale about the centre of a frame, then a shift."""
    center = np.full(2, (side - 1) / 2)
    c, s = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    matrix = np.eye(3)
    matrix[:2, :2] = [[c, -s], [s, c]]
    matrix[:2, 2] = center + shift - matrix[:2, :2] @ center
    return matrix


def view(image: Floats, first_from_frame: Matrix, side: int = 160) -> Floats:
    """Return what a frame at a pose shows of an image; the first frame shows the middle."""
    start = (np.array(image.shape[::-1]) - side) / 2
    linear, offset = first_from_frame[:2, :2], first_from_frame[:2, 2] + start
    return ndimage.affine_transform(
        image, linear[::-1, ::-1], offset[::-1], (side, side), order=1, mode="wrap"
    )


def counted(image: Floats, counts: float, rng: np.random.Generator) -> Pixels:
    """Return an image (0 to 1) recorded with a number of counts in its brightest px."""
    return rng.poisson(counts * image).astype(np.uint16)


def recorded(
    poses: list[Matrix], seed: int = 1, counts: float = 30, side: int = 160, image: Floats | None = None
) -> Pixels:
    """Return the frames (N, side, side) of a specimen at poses."""
    rng = np.random.default_rng(seed + 1000)
    shown = specimen(seed) if image is None else image
    return np.stack([counted(view(shown, each, side), counts, rng) for each in poses])


def walk(count: int, seed: int = 1, step: float = 1.0) -> Floats:
    """Return a random walk (count, 2) that begins at 0."""
    places = np.cumsum(np.random.default_rng(seed).normal(0, step, (count, 2)), 0)
    return places - places[0]


def empty(counts: float, side: int = 160, seed: int = 1) -> Pixels:
    """Return a frame that shows nothing."""
    return np.random.default_rng(seed + 2000).poisson(np.full((side, side), counts)).astype(np.uint16)


def worst_error(found: Floats, truth: list[Matrix], side: int = 160) -> float:
    """Return the largest corner error of poses, px; poses that are NaN are left out."""
    ends = np.array([[0, 0, 1], [side - 1, 0, 1], [0, side - 1, 1], [side - 1, side - 1, 1]]).T
    errors = [
        np.linalg.norm(((a - b) @ ends)[:2], axis=0).mean()
        for a, b in zip(found, truth, strict=True)
        if np.isfinite(a).all()
    ]
    return float(max(errors))
