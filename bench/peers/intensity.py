"""Methods that compare grey values: ECC of OpenCV and TurboReg."""

from __future__ import annotations

import cv2
import numpy as np
from pystackreg import StackReg

from peers.eight_bit import eight_bit

LEVELS = 3
BLUR_PX = 5  # ECC smooths the images with a Gaussian window of this width


def turboreg(fixed: np.ndarray, moving: np.ndarray) -> np.ndarray:
    """Scaled rotation; TurboReg makes its own pyramid."""
    return StackReg(StackReg.SCALED_ROTATION).register(*(eight_bit(i).astype(float) for i in (fixed, moving)))


def ecc(fixed: np.ndarray, moving: np.ndarray) -> np.ndarray | None:
    """Coarse to fine; affine, because ECC has no similarity."""
    here, there = _pyramid(fixed), _pyramid(moving)
    until = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 200, 1e-6)
    matrix = np.eye(2, 3, dtype=np.float32)
    for level in reversed(range(LEVELS)):
        matrix[:, 2] *= (
            2 if level < LEVELS - 1 else 1
        )  # pyrDown keeps every second pixel, the first among them
        try:
            _, matrix = cv2.findTransformECC(
                here[level], there[level], matrix, cv2.MOTION_AFFINE, until, None, BLUR_PX
            )
        except cv2.error:  # it did not converge, or left the image
            return None
    return np.vstack([matrix, [0, 0, 1]])


def _pyramid(image: np.ndarray) -> list[np.ndarray]:
    levels = [eight_bit(image)]
    for _ in range(LEVELS - 1):
        levels.append(cv2.pyrDown(levels[-1]))
    return levels
