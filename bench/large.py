"""Measure accuracy, time and memory of a large pair: ./dev bench large [SIDE ...] [--dtype uint8]

The moving image is a simulated one rotated by 37 degrees, magnified 1.15 times, shifted and noisy. Prints
the mean corner error in px of the fixed image, CPU seconds on one thread, and the peak memory of a process
that only reads both images and registers them.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from accuracy import ONE_THREAD
from scipy import ndimage

import xebra
from xebra.resample import resample
from xebra.transform import SimilarityTransform, corner_error, image_center

SEED = 1
CONTRAST = 40.0  # grey levels of 8 bit, standard deviation


def clouds(side: int, rng: np.random.Generator) -> np.ndarray:
    """Return noise at all lengths from 2 px to an eighth of the side, (N, N) float32."""
    image = np.zeros((side, side), np.float32)
    cell = 2
    while cell < side // 8:
        coarse = rng.normal(size=(side // cell + 2,) * 2).astype(np.float32)
        image += ndimage.zoom(coarse, cell, order=1)[:side, :side] * cell**0.5
        cell *= 2
    return image / image.std()


def truth(side: int) -> np.ndarray:
    """Return the true fixed_from_moving (3 x 3)."""
    shift = (0.04 * side, -0.03 * side)
    return SimilarityTransform(1.15, np.radians(37), shift, image_center((side, side))).matrix


def make(side: int, dtype: str, folder: Path) -> None:
    """Write fixed.npy and moving.npy."""
    rng = np.random.default_rng(SEED)
    fixed = clouds(side, rng)
    moving = resample(fixed, truth(side), fixed.shape)
    for name, image, noise in (("fixed", fixed, 0.1), ("moving", moving, 0.3)):
        image += noise * rng.standard_normal(image.shape, np.float32)
        np.clip(128 + CONTRAST * image, 0, 255, out=image)
        np.save(folder / f"{name}.npy", image.astype(dtype))


def measure(side: int, folder: Path) -> str:
    """Return one line of figures for the pair in a folder."""
    fixed, moving = (np.load(folder / f"{name}.npy") for name in ("fixed", "moving"))
    xebra.register(fixed[:256, :256], fixed[:256, :256])  # opens the graphs
    started = time.process_time()
    found = xebra.register(fixed, moving)
    seconds = time.process_time() - started
    error = corner_error(found.fixed_from_moving, truth(side), fixed.shape)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return f"{side} px {fixed.dtype}: {error:.3f} px off, {found.verdict}, {seconds:.2f} s, {memory:.0f} MiB"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sides", type=int, nargs="*", default=[4096], help="px (default %(default)s)")
    parser.add_argument("--dtype", choices=("uint8", "uint16", "float32"), default="uint8")
    chosen = parser.parse_args()
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    for side in chosen.sides:
        with (
            tempfile.TemporaryDirectory(prefix="xebra-large-") as name,
            ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as pool,
        ):
            pool.submit(make, side, chosen.dtype, Path(name)).result()
            print(pool.submit(measure, side, Path(name)).result(), flush=True)


if __name__ == "__main__":
    main()
