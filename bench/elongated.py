"""Measure elongated frames: strips cut from real images of one modality.

./dev bench elongated --data DIR [--seed N] [--count N]

The moving strip is rotated, displaced along and across, and noisy; at least 60 % of the strips overlap. An
estimate is right where the mean corner error is below 2 % of the strip's length. Plain phase
correlation of scikit-image, which knows that there is no rotation, finds the displacement for comparison.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tifffile
from scipy import ndimage
from tables import markdown
from trained import is_held_out

from xebra.align import Aligner
from xebra.arrays import Matrix, Pixels
from xebra.errors import RegistrationError
from xebra.transform import SimilarityTransform, corner_error

ASPECTS = (4, 8, 16)
RIGHT = 0.02  # of the strip's length
NOISE = 0.03  # of the image's deviation
SKIPPED = ("LATTICE", "PERIODIC")  # no position is unique


def strips(data: Path, aspect: int, count: int, seed: int) -> Iterator[tuple[Pixels, Pixels, Matrix]]:
    """Yield fixed and moving strips with the true moving_from_fixed."""
    random = np.random.default_rng(seed + aspect)
    files = [f for f in sorted((data / "single").glob("*.tif")) if not any(s in f.name for s in SKIPPED)]
    files = [f for f in files if is_held_out(f.stem)]
    images = [image for image in map(tifffile.imread, files) if image.ndim == 2 and max(image.shape) >= 1000]
    for number in range(count):
        image = images[number % len(images)].astype(np.float32)
        image = image if image.shape[1] >= image.shape[0] else image.T
        yield _cut(image, image.shape[1], aspect, random)


def _cut(
    image: Pixels, length: int, aspect: int, random: np.random.Generator
) -> tuple[Pixels, Pixels, Matrix]:
    """Return two strips of an image; the second is rotated and displaced."""
    height = max(64, length // aspect)
    limit = np.degrees(np.arcsin(0.3 * height / length))
    angle = np.radians(random.uniform(-limit, limit))
    shift = random.uniform(-0.2, 0.2) * length, random.uniform(-0.2, 0.2) * height
    center = (length - 1) / 2, (height - 1) / 2
    matrix = SimilarityTransform(np.exp(random.uniform(-0.05, 0.05)), float(angle), shift, center).matrix
    top = random.uniform(0.3 * height, image.shape[0] - 1.3 * height) if image.shape[0] > 1.7 * height else 0
    image_from_fixed = np.array([[1, 0, 0], [0, 1, top], [0, 0, 1.0]])
    fixed = _view(image, image_from_fixed, (height, length))
    moving = _view(image, image_from_fixed @ np.linalg.inv(matrix), (height, length))
    sigma = NOISE * image.std()
    return (
        *(strip + random.normal(0, sigma, strip.shape).astype(np.float32) for strip in (fixed, moving)),
        matrix,
    )


def _view(image: Pixels, image_from_view: Matrix, shape: tuple[int, int]) -> Pixels:
    """Return a view of an image by cubic splines."""
    linear, offset = image_from_view[1::-1, 1::-1], image_from_view[1::-1, 2]
    return ndimage.affine_transform(image, linear, offset, shape, order=3, mode="reflect")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with single/*.tif")
    parser.add_argument("--seed", type=int, default=51)
    parser.add_argument("--count", type=int, default=40, help="strips of each aspect ratio")
    chosen = parser.parse_args()
    aligner, rows = Aligner(), []
    for aspect in ASPECTS:
        errors, verdicts, seconds = [], [], []
        for fixed, moving, truth in strips(chosen.data, aspect, chosen.count, chosen.seed):
            started = time.process_time()
            try:
                found = aligner.register(fixed, moving)
            except RegistrationError:
                continue
            seconds.append(time.process_time() - started)
            error = corner_error(found.fixed_from_moving @ truth, np.eye(3), fixed.shape)
            errors.append(error / max(fixed.shape))
            verdicts.append(found.verdict)
        right = np.array(errors) < RIGHT
        accepted = np.array(verdicts) == "accept"
        median = np.median(np.array(errors)[right]) * 1000
        rows.append(
            [
                f"{aspect} : 1",
                f"{right.sum()} of {chosen.count}",
                f"{(accepted & right).sum()} of {accepted.sum()}",
                f"{median:.2f}",
                f"{np.median(seconds):.2f}",
            ]
        )
    print(
        markdown(
            ["frame", "right", "accepted and right", "median error, thousandths of the length", "s"], rows
        )
    )


if __name__ == "__main__":
    main()
