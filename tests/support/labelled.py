"""Labelled pairs of two contrasts that the tests make."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage

from xebra.adaptation.labels import Label
from xebra.resample import resample
from xebra.transform import SimilarityTransform, image_center

SIDE = 160


def textured(seed: int, side: int = SIDE) -> np.ndarray:
    """Return a random image (side, side) of smooth bodies with edges."""
    noise = np.random.default_rng(seed).normal(size=(side, side))
    smooth = ndimage.gaussian_filter(noise, 5)
    return (np.tanh(6 * smooth / smooth.std()) + 0.2 * ndimage.gaussian_filter(noise, 1)).astype(np.float32)


def pair(seed: int, group: str = "") -> Label:
    """Return a label of two contrasts: the moving image is transformed, inverted and noisy."""
    rng = np.random.default_rng(seed)
    source = textured(seed, 2 * SIDE)
    about = image_center((SIDE, SIDE))
    matrix = SimilarityTransform(
        rng.uniform(0.9, 1.1), rng.uniform(-0.5, 0.5), tuple(rng.uniform(-8, 8, 2)), about
    ).matrix
    moving = view(1 - source**2, np.linalg.inv(matrix)) + rng.normal(0, 0.2, (SIDE, SIDE))
    return Label(view(source, np.eye(3)), moving.astype(np.float32), matrix, "added", group or str(seed))


def view(source: np.ndarray, fixed_from_view: np.ndarray) -> np.ndarray:
    """Return a view (SIDE, SIDE) of the middle of a source, at a transform of its px (x, y)."""
    middle = np.array([[1, 0, SIDE / 2], [0, 1, SIDE / 2], [0, 0, 1.0]]) @ fixed_from_view
    matrix = middle[1::-1, 1::-1]
    return ndimage.affine_transform(source, matrix, middle[1::-1, 2], (SIDE, SIDE), order=1).astype(
        np.float32
    )


def displaced(label: Label, angle: float, px: float) -> Label:
    """Return a label whose transform is off by ``px`` at 256."""
    shift = np.eye(3)
    shift[:2, 2] = px * SIDE / 256 * np.array([np.cos(angle), np.sin(angle)])
    return replace(label, moving_from_fixed=label.moving_from_fixed @ shift)


def shifted_views(
    shape: tuple[int, int], seed: int, shift: tuple[float, float], turn: float = 0.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return two noisy views of a specimen, about 0 to 1, and moving_from_fixed; shapes up to 256 x 256."""
    rng, shown = np.random.default_rng(seed), textured(seed, 400)
    shown = 0.5 + 0.5 * shown / np.abs(shown).max()
    matrix = SimilarityTransform(1.0, turn, shift, image_center(shape)).matrix
    inside = np.array([[1, 0, 72.0], [0, 1, 80.0], [0, 0, 1]])
    made = (resample(shown, at, shape) for at in (inside, inside @ np.linalg.inv(matrix)))
    fixed, moving = (view + rng.normal(0, 0.03, shape) for view in made)
    return fixed, moving, matrix
