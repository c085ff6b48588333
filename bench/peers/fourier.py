"""Fourier-Mellin: angle and scale from the log-polar spectrum, shift from phase correlation (imreg_dft)."""

from __future__ import annotations

import numpy as np
from imreg_dft import imreg, utils

from peers.eight_bit import eight_bit
from xebra.transform import SimilarityTransform, image_center

ITERATIONS = 3
FRAME = 1.2  # imreg_dft transforms an image in a frame this much larger


def fourier_mellin(fixed: np.ndarray, moving: np.ndarray) -> np.ndarray | None:
    """Return moving_from_fixed; angle and scale are estimated three times, each time after aligning."""
    try:
        found = imreg.similarity(*(eight_bit(i).astype(float) for i in (fixed, moving)), numiter=ITERATIONS)
    except ValueError:  # the scale is beyond 0.5 to 2
        return None
    return np.linalg.inv(fixed_from_moving(moving.shape, found["scale"], found["angle"], found["tvec"]))


def fixed_from_moving(
    shape: tuple[int, int], scale: float, angle_deg: float, shift: np.ndarray
) -> np.ndarray:
    """Return the transform of ``imreg_dft.imreg.transform_img``, with its frames and rounded sizes."""
    frame = np.round(np.array(shape) * FRAME).astype(int)
    zoomed = np.round(frame * scale).astype(int)
    turned = _turned_shape(zoomed, angle_deg)
    stretch = float(np.mean((zoomed - 1) / (frame - 1)))  # corner pixels stay corner pixels
    about_centres = SimilarityTransform(stretch, -np.radians(angle_deg)).matrix
    to_frame = _move(_embedded(frame, shape) - image_center(frame))
    from_turned = _move(image_center(turned) + np.array(shift)[::-1] + _embedded(shape, turned))
    return from_turned @ about_centres @ to_frame


def _turned_shape(shape: np.ndarray, angle_deg: float) -> np.ndarray:
    """Return the shape after ``scipy.ndimage.rotate``, which keeps the corners."""
    c, s = abs(np.cos(np.radians(angle_deg))), abs(np.sin(np.radians(angle_deg)))
    return (np.array([[c, s], [s, c]]) @ shape + 0.5).astype(int)


def _embedded(where: tuple[int, int], what: tuple[int, int]) -> np.ndarray:
    """Return the position (x, y) of the first pixel of ``what`` in the middle of ``where``."""
    taken, put = utils._get_emslices(tuple(where), tuple(what))
    return np.array([(p.start or 0) - (t.start or 0) for p, t in zip(put, taken, strict=True)])[::-1]


def _move(by: np.ndarray) -> np.ndarray:
    matrix = np.eye(3)
    matrix[:2, 2] = by
    return matrix
