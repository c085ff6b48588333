"""Measure affine registration of tilted and sheared views: ./dev bench affine [--data FOLDER] [--count N]

Cuts pairs of 256 x 256 px from images: the moving view is rotated by any angle, scaled, shifted, and
foreshortened by a tilt of 20 to 52 degrees about any axis, or sheared by 1 to 5 %. Without --data the images
are simulated. FOLDER holds single/NAME.tif and pairs/NAME_{fixed,moving}.tif of two modalities. Prints mean
corner errors in px of the fixed image.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from large import clouds
from trained import is_held_out

import xebra
from xebra.estimate.stretched_attempts import stretch_matrix
from xebra.resample import resample
from xebra.transform import SimilarityTransform, corner_error, corners, image_center, map_points

SIDE = 256
SEED = 20261128
NOISE = 0.04  # of the standard deviation of the image, added to both views
KINDS = ("tilt", "shear")
UNCLEAR = ("LATTICE", "PERIODIC", "offset", "edxia1", "p45")  # repeating, or registered to some px only


@dataclass(frozen=True)
class Case:
    """A pair of views with the true 3 x 3 fixed_from_moving."""

    name: str
    kind: str
    fixed: np.ndarray
    moving: np.ndarray
    truth: np.ndarray


def sources(data: Path | None) -> Iterator[tuple[str, str, np.ndarray, np.ndarray]]:
    """Yield name, "mono" or "multi", and the images of which the fixed and the moving view are cut."""
    if data is None:
        for number in range(4):
            image = clouds(640, np.random.default_rng(SEED + number))
            yield f"simulated{number}", "mono", image, image
        return
    for path in filter(_is_held_out, sorted(data.glob("single/*.tif"))):
        image = tifffile.imread(path)
        if image.ndim == 2 and min(image.shape) >= 500 and not any(u in path.name for u in UNCLEAR):
            yield path.stem, "mono", image, image
    for path in filter(_is_held_out, sorted(data.glob("pairs/*_fixed.tif"))):
        one, other = (
            tifffile.imread(str(path).replace("_fixed", f"_{side}")) for side in ("fixed", "moving")
        )
        if one.ndim == 2 and min(one.shape) >= 400 and not any(u in path.name for u in UNCLEAR):
            yield path.stem.removesuffix("_fixed"), "multi", one, other


def _is_held_out(path: Path) -> bool:
    return is_held_out(path.stem)


def linear_part(kind: str, rng: np.random.Generator) -> np.ndarray:
    """Return a random linear part (2 x 2) of fixed_from_moving: rotation, scale, and a tilt or a shear."""
    angle, scale = rng.uniform(-np.pi, np.pi), np.exp(rng.uniform(-0.1, 0.1))
    rotation = SimilarityTransform(scale, angle).linear
    if kind == "shear":
        return rotation @ np.array([[1, rng.choice([-1, 1]) * rng.uniform(0.01, 0.05)], [0, 1.0]])
    half = -np.log(np.cos(np.radians(rng.uniform(20, 52)))) / 2
    return rotation @ stretch_matrix(half, rng.uniform(0, np.pi))


def cut(name: str, kind: str, one: np.ndarray, other: np.ndarray, rng: np.random.Generator) -> Case | None:
    """Return a case cut from two registered images; None where the views would not fit."""
    center = np.array(image_center((SIDE, SIDE)))
    truth = np.eye(3)
    truth[:2, :2] = linear_part(kind, rng)
    truth[:2, 2] = center + rng.uniform(-0.12, 0.12, 2) * SIDE - truth[:2, :2] @ center
    reached = np.vstack([corners((SIDE, SIDE)), map_points(truth, corners((SIDE, SIDE)))])
    low, high = reached.min(0), reached.max(0)
    step = min(3.0, float((np.array(one.shape[::-1]) - 3).__truediv__(high - low).min()))
    if step < 0.8:
        return None
    free = np.array(one.shape[::-1]) - 2 - step * (high - low)
    start = 1 + rng.uniform(0, 1, 2) * free - step * low
    source_from_fixed = np.array([[step, 0, start[0]], [0, step, start[1]], [0, 0, 1.0]])
    views = [
        resample(image.astype(np.float32), source_from_fixed @ matrix, (SIDE, SIDE))
        for image, matrix in ((one, np.eye(3)), (other, truth))
    ]
    if min(view.std() for view in views) < 1e-3 * max(np.ptp(one), 1e-9):
        return None
    noisy = [view + NOISE * view.std() * rng.normal(size=view.shape) for view in views]
    return Case(name, kind, *(view.astype(np.float32) for view in noisy), truth)


def cases(data: Path | None, count: int, seed: int) -> Iterator[tuple[str, Case]]:
    """Yield ``count`` cases of each kind and modality, cut from the images in turn."""
    images = list(sources(data))
    for modality in ("mono", "multi"):
        usable = [source for source in images if source[1] == modality]
        for kind in KINDS:
            rng = np.random.default_rng([seed, len(modality), len(kind)])
            made = tries = 0
            while usable and made < count and tries < 20 * count:
                name, _, one, other = usable[tries % len(usable)]
                tries += 1
                case = cut(name, kind, one, other, rng)
                if case is not None:
                    made += 1
                    yield modality, case


def measure(case: Case, model: str) -> tuple[float, float, str, float, float]:
    """Return corner error, expected error, verdict, seconds, and the error over the uncertainty."""
    started = time.perf_counter()
    found = xebra.register(case.fixed, case.moving, model=model)
    seconds = time.perf_counter() - started
    error = corner_error(found.fixed_from_moving, case.truth, case.fixed.shape)
    return error, found.expected_corner_error_px, found.verdict, seconds, found.transform.scale


def main() -> None:
    """Print a line for each case, and a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--model", default="affine")
    parser.add_argument("--only", choices=("mono", "multi"))
    chosen = parser.parse_args()
    rows: dict[tuple[str, str], list[tuple[float, str, float]]] = {}
    for modality, case in cases(chosen.data, chosen.count, chosen.seed):
        if chosen.only not in (None, modality):
            continue
        error, expected, verdict, seconds, _ = measure(case, chosen.model)
        print(
            f"{modality} {case.kind:5s} {case.name:28s} {error:8.3f} px off, {expected:7.2f} expected, "
            f"{verdict:6s} {seconds:.2f} s",
            flush=True,
        )
        rows.setdefault((modality, case.kind), []).append((error, verdict, seconds))
    print("| | n | median px | < 1 px | < 3 px | accept | accept, 5 px off | s |\n" + "|---" * 8 + "|")
    for (modality, kind), found in rows.items():
        errors = np.array([row[0] for row in found])
        accepted = np.array([row[1] == "accept" for row in found])
        print(
            f"| {modality}, {kind} | {len(found)} | {np.median(errors):.3f} | {np.mean(errors < 1):.0%} "
            f"| {np.mean(errors < 3):.0%} | {accepted.mean():.0%} | {(accepted & (errors >= 5)).sum()} "
            f"| {np.median([row[2] for row in found]):.2f} |"
        )


if __name__ == "__main__":
    main()
