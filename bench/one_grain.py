"""Pairs cut down to one grain on an even ground: ./dev bench one_grain --cases DIR

Cases are those of ``make_cases.py``. Both images keep one part, of 3 to 20 % of the fixed view, anywhere in
it, with an irregular outline; the rest gets one grey level with noise. A similarity is then extrapolated to
the far corners. Right: a corner error below 5 px.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from cases import Case, first_of_each_cell, read
from scipy import ndimage
from tables import markdown

import xebra
from xebra.resample import resample
from xebra.transform import corner_error

RIGHT_PX = 5.0
SHARES = (0.03, 0.2)  # of the fixed view
ROUGHNESS, GRAIN_PX = 0.25, 12  # of the outline, relative to its radius; sigma
LEVELS = (2, 98)  # percentiles of an image, one of which is the ground
LEAST_NOISE = 0.01
TRIES = 50  # places, until one that both images show


def cut_down(case: Case, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return both images (H, W) of a case with one grain left."""
    height, width = case.fixed.shape
    radius = np.sqrt(rng.uniform(*SHARES) * height * width / np.pi)
    for _ in range(TRIES):
        x, y = rng.uniform(0, (width, height))
        there = (case.moving_from_fixed @ [x, y, 1])[:2]
        if np.all((there >= 0) & (there < case.moving.shape[::-1])):
            break
    rough = ndimage.gaussian_filter(rng.normal(size=case.fixed.shape), GRAIN_PX)
    rows, columns = np.ogrid[:height, :width]
    inside = np.hypot(columns - x, rows - y) < radius * (1 + ROUGHNESS * rough / rough.std())
    shown = ndimage.gaussian_filter(inside.astype(float), 1.0)
    shown_there = np.clip(resample(shown, np.linalg.inv(case.moving_from_fixed), case.moving.shape), 0, 1)
    one, other = (
        share * image + (1 - share) * ground(image, rng)
        for share, image in ((shown, case.fixed), (shown_there, case.moving))
    )
    return one, other


def ground(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return an even ground (H, W) with the noise of an image."""
    noise = 1.5 * np.median(np.abs(image - ndimage.gaussian_filter(image, 1.2)))
    level = np.percentile(image, LEVELS[rng.integers(2)])
    return level + rng.normal(0, max(noise, LEAST_NOISE), image.shape)


def counted(job: tuple[Case, int]) -> tuple[str, float, float, bool]:
    """Return kind, true and expected corner error in px, and whether the estimate is accepted."""
    case, seed = job
    images = cut_down(case, np.random.default_rng(seed))
    found = xebra.register(*(image.astype(np.float32) for image in images))
    px = corner_error(found.fixed_from_moving @ case.moving_from_fixed, np.eye(3), case.fixed.shape)
    return case.kind, px, found.expected_corner_error_px, found.verdict == "accept"


def main() -> None:
    """Run the command."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--limit", type=int, help="cases of each kind and level (default: all)")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    cases = first_of_each_cell(read(chosen.cases), chosen.limit)
    jobs = [(case, chosen.seed * 100_000 + number) for number, case in enumerate(cases)]
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        found = list(pool.map(counted, jobs, chunksize=8))
    rows = []
    for kind in ("mono", "multi"):
        of = [(px, expected, taken) for each, px, expected, taken in found if each == kind]
        accepted = [(px, expected) for px, expected, taken in of if taken]
        wrong = sum(px >= RIGHT_PX for px, _ in accepted)
        ratio = np.mean([px for px, _ in accepted]) / np.mean([expected for _, expected in accepted])
        right = sum(px < RIGHT_PX for px, *_ in of)
        rows.append([kind, *map(str, (len(of), right, len(accepted), wrong)), f"{ratio:.2f}"])
    head = ["modalities", "pairs", "right", "accepted", "of them wrong", "true over expected error of these"]
    print(markdown(head, rows))


if __name__ == "__main__":
    main()
