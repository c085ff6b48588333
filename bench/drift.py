"""Drift watch: false alarms in 10,000 jobs, and jobs until a change of dose or detector is reported.

    ./dev bench drift [--seeds 20] [--data FOLDER] [--specimens 4]

``FOLDER`` holds real images (TIFF, PNG) from which the scenes are cut; without it they are simulated. An
instrument sees that many of them, others with each seed.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from xebra import image_files
from xebra.drift.comparison import REFERENCE_JOBS, WINDOW_JOBS, compare
from xebra.drift.features import image_features
from xebra.image import gray

FEATURES, JOBS, SIDE = 18, 10_000, 128
CORRELATIONS = (0.0, 0.5, 0.8)
CHANGES: dict[str, dict[str, float]] = {
    "dose x 4": {"dose": 4.0},
    "dose / 4": {"dose": 0.25},
    "detector": {"blur": 0.8, "gain": 3.0, "dark": 40.0, "readout": 4.0},
}
Scenes = list[NDArray[np.float32]]
Features = dict[str, float]


def main() -> None:
    """Print both figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--data", type=Path, help="folder of real images")
    parser.add_argument("--specimens", type=int, default=4, help="real images of one instrument")
    arguments = parser.parse_args()
    for correlation in CORRELATIONS:
        alarms = [false_alarms(seed, correlation) for seed in range(arguments.seeds)]
        print(
            f"no change, correlation {correlation}: {np.mean(alarms):.2f} false alarms in {JOBS} jobs, "
            f"at most {max(alarms)} ({arguments.seeds} seeds)",
            flush=True,
        )
    scenes = read_scenes(arguments.data) if arguments.data else []
    for exported in ("counts", "8 bit"):
        for name, change in CHANGES.items():
            seen = [chosen(scenes, arguments.specimens, seed) for seed in range(arguments.seeds)]
            after = [reported_after(seed, change, exported, each) for seed, each in enumerate(seen)]
            found = sum(jobs <= 2 * WINDOW_JOBS for jobs in after)
            print(
                f"{name}, {exported}: reported within 100 jobs in {found} of {len(after)}, "
                f"after {np.median(after):.0f} jobs (median), {max(after):.0f} at most",
                flush=True,
            )


def false_alarms(seed: int, correlation: float) -> int:
    """Return how many of 200 windows without a change are reported; features of a first-order process."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(REFERENCE_JOBS + JOBS, FEATURES))
    for row in range(1, len(values)):
        values[row] = correlation * values[row - 1] + np.sqrt(1 - correlation**2) * values[row]
    jobs = [{str(number): value for number, value in enumerate(row)} for row in values.tolist()]
    return sum(changed for _, changed in _windows(jobs))


def reported_after(seed: int, change: dict[str, float], exported: str, scenes: Scenes) -> float:
    """Return after how many jobs a change at a random place is reported; infinite: not, or before it."""
    random = np.random.default_rng(seed)
    first = REFERENCE_JOBS + WINDOW_JOBS + int(random.integers(WINDOW_JOBS))
    jobs = [job(random, {}, exported, scenes) for _ in range(first)]
    jobs += [job(random, change, exported, scenes) for _ in range(2 * WINDOW_JOBS)]
    for end, changed in _windows(jobs):
        if changed:
            return end - first if end > first else float("inf")
    return float("inf")


def job(random: np.random.Generator, change: dict[str, float], exported: str, scenes: Scenes) -> Features:
    """Return the image features of a simulated job: two detector images of a specimen."""
    found: Features = {}
    for side in ("fixed", "moving"):
        dose = 30 * change.get("dose", 1.0) * random.lognormal(0, 0.15)
        counts = random.poisson(dose * _scene(random, scenes)).astype(float)
        spread = ndimage.gaussian_filter(counts, change.get("blur", 0.0)) * change.get("gain", 1.0)
        seen = spread + random.normal(change.get("dark", 0.0), change.get("readout", 0.0), spread.shape)
        features = image_features(_exported(seen, exported))
        found |= {f"{side}_{name}": value for name, value in features.items()}
    return found


def chosen(scenes: Scenes, number: int, seed: int) -> Scenes:
    """Return the images that an instrument sees."""
    order = np.random.default_rng([seed, 2]).permutation(len(scenes))
    return [scenes[index] for index in order[:number]]


def read_scenes(folder: Path) -> Scenes:
    """Return the images of a folder with a mean of 1."""
    scenes = []
    for file in sorted(folder.rglob("*")):
        if file.suffix.lower() not in (".tif", ".tiff", ".png"):
            continue
        with file.open("rb") as opened:
            grey = gray(image_files.read(opened, file.name).pixels)
        if min(grey.shape) > SIDE:
            scenes.append((grey + 0.1) / float(grey.mean() + 0.1))
    print(f"{len(scenes)} images of {folder.name}")
    return scenes


def _scene(random: np.random.Generator, scenes: Scenes) -> NDArray[np.float64]:
    if scenes:
        whole = scenes[int(random.integers(len(scenes)))]
        top, left = (int(random.integers(length - SIDE)) for length in whole.shape)
        return whole[top : top + SIDE, left : left + SIDE].astype(float)
    texture = ndimage.gaussian_filter(random.normal(size=(SIDE, SIDE)), random.uniform(1.5, 5))
    return np.clip(1 + random.uniform(0.2, 0.5) * texture / texture.std(), 0.05, None)


def _exported(counts: NDArray[np.float64], exported: str) -> NDArray[np.uint8 | np.uint16]:
    if exported == "counts":
        return np.clip(counts, 0, 65535).astype(np.uint16)
    low, high = np.percentile(counts, (0.1, 99.9))
    return np.clip((counts - low) / (high - low) * 255, 0, 255).astype(np.uint8)


def _windows(jobs: list[Features]) -> list[tuple[int, bool]]:
    """Return the end of each window and whether it differs from the first jobs, the reference."""
    reference = _by_feature(jobs[:REFERENCE_JOBS])
    found = []
    for start in range(REFERENCE_JOBS, len(jobs) - WINDOW_JOBS + 1, WINDOW_JOBS):
        changes = compare(reference, _by_feature(jobs[start : start + WINDOW_JOBS]))
        found.append((start + WINDOW_JOBS, any(change.changed for change in changes)))
    return found


def _by_feature(jobs: list[Features]) -> dict[str, list[float | None]]:
    return {name: [job[name] for job in jobs] for name in jobs[0]}


if __name__ == "__main__":
    main()
