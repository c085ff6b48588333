"""Measure accuracy, time and memory of a large pair: ./dev bench large [SIDE ...]

The moving image is a simulated one rotated by 37 degrees, magnified 1.15 times, shifted and noisy. Prints
the mean corner error in px of the fixed image, CPU seconds on one thread and the peak memory.
"""

from __future__ import annotations

import resource
import sys
import time

import numpy as np
from scipy import ndimage

import xebra
from xebra.resample import resample
from xebra.transform import SimilarityTransform, corner_error, image_center

SEED = 1


def clouds(side: int, rng: np.random.Generator) -> np.ndarray:
    """Return noise at all lengths from 2 px to an eighth of the side, (N, N) float32."""
    image = np.zeros((side, side), np.float32)
    cell = 2
    while cell < side // 8:
        coarse = rng.normal(size=(side // cell + 2,) * 2).astype(np.float32)
        image += ndimage.zoom(coarse, cell, order=1)[:side, :side] * cell**0.5
        cell *= 2
    return image


def measure(side: int) -> str:
    """Return one line of figures for a pair of this side."""
    rng = np.random.default_rng(SEED)
    seen = clouds(side, rng)
    shift = (0.04 * side, -0.03 * side)
    truth = SimilarityTransform(1.15, np.radians(37), shift, image_center(seen.shape)).matrix
    noise = rng.normal(size=(2, *seen.shape)).astype(np.float32) * seen.std()
    fixed, moving = seen + 0.1 * noise[0], resample(seen, truth, seen.shape) + 0.3 * noise[1]
    xebra.register(fixed[:256, :256], fixed[:256, :256])  # opens the graphs
    started = time.process_time()
    found = xebra.register(fixed, moving)
    seconds = time.process_time() - started
    error = corner_error(found.fixed_from_moving, truth, fixed.shape)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return f"{side} px: {error:.3f} px off, {found.verdict}, {seconds:.2f} s, {memory:.0f} MiB"


if __name__ == "__main__":
    for argument in sys.argv[1:] or ["4096"]:
        print(measure(int(argument)), flush=True)
