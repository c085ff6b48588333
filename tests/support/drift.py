"""Simulated jobs of an instrument for the drift watch."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from xebra.drift.comparison import REFERENCE_JOBS, WINDOW_JOBS, compare
from xebra.drift.features import image_features

SIDE = 64  # px of the simulated images
Values = dict[str, list[Any]]


def drifting(seed: int, correlation: float, features: int, jobs: int) -> NDArray[np.float64]:
    """Return features (reference and jobs, features) of an unchanged instrument, a first-order process."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(REFERENCE_JOBS + jobs, features))
    for row in range(1, len(values)):
        values[row] = correlation * values[row - 1] + np.sqrt(1 - correlation**2) * values[row]
    return values


def false_alarms(values: NDArray[np.float64]) -> int:
    """Return the number of windows that differ from the reference, the first jobs."""
    reference = _columns(values[:REFERENCE_JOBS])
    starts = range(REFERENCE_JOBS, len(values), WINDOW_JOBS)
    windows = [_columns(values[start : start + WINDOW_JOBS]) for start in starts]
    return sum(any(change.changed for change in compare(reference, window)) for window in windows)


def detector_images(
    seed: int, change: dict[str, float], start: int, exported: str
) -> tuple[list[dict[str, float]], int]:
    """Return features of simulated jobs and the number of the first job after a change.

    Args:
        seed: Of specimens and noise.
        change: Factor of dose; of another detector blur (px), gain, dark counts and readout noise.
        start: Place of the change in its window, jobs.
        exported: "counts", or "8 bit": stretched between the 0.1st and the 99.9th percentile.
    """
    random = np.random.default_rng([seed, 1])
    first = REFERENCE_JOBS + WINDOW_JOBS + start
    changed = [_job(random, change, exported) for _ in range(2 * WINDOW_JOBS)]
    return _unchanged(seed, exported)[:first] + changed, first


def changed_after(simulated: tuple[list[dict[str, float]], int]) -> float:
    """Return after how many jobs since the change it is reported; infinite: never or too early."""
    jobs, first = simulated
    reference = _named(jobs[:REFERENCE_JOBS])
    for start in range(REFERENCE_JOBS, len(jobs) - WINDOW_JOBS + 1, WINDOW_JOBS):
        end = start + WINDOW_JOBS
        if any(change.changed for change in compare(reference, _named(jobs[start:end]))):
            return end - first if end > first else float("inf")
    return float("inf")


@cache
def _unchanged(seed: int, exported: str) -> list[dict[str, float]]:
    random = np.random.default_rng(seed)
    return [_job(random, {}, exported) for _ in range(REFERENCE_JOBS + 2 * WINDOW_JOBS)]


def _job(random: np.random.Generator, change: dict[str, float], exported: str) -> dict[str, float]:
    """Return the image features of one job: two views of a new specimen by a counting detector."""
    found: dict[str, float] = {}
    for side in ("fixed", "moving"):
        scene = _scene(random)
        dose = 30 * change.get("dose", 1.0) * random.lognormal(0, 0.15)
        counts = random.poisson(dose * ndimage.gaussian_filter(scene, 0.7)).astype(float)
        spread = ndimage.gaussian_filter(counts, change.get("blur", 0.0)) * change.get("gain", 1.0)
        counts = spread + random.normal(change.get("dark", 0.0), change.get("readout", 0.0), spread.shape)
        features = image_features(_exported(counts, exported))
        found |= {f"{side}_{name}": value for name, value in features.items()}
    return found


def _scene(random: np.random.Generator) -> NDArray[np.float64]:
    """Return a specimen (H, W) with a mean of about 1: grains of varying size, contrast and number."""
    grain = random.uniform(1.5, 5)
    texture = ndimage.gaussian_filter(random.normal(size=(SIDE, SIDE)), grain)
    return np.clip(1 + random.uniform(0.2, 0.5) * texture / texture.std(), 0.05, None)


def _exported(counts: NDArray[Any], exported: str) -> NDArray[Any]:
    if exported == "counts":
        return np.clip(counts, 0, 65535).astype(np.uint16)
    low, high = np.percentile(counts, (0.1, 99.9))
    return np.clip((counts - low) / (high - low) * 255, 0, 255).astype(np.uint8)


def _columns(values: NDArray[np.float64]) -> Values:
    return {str(number): list(column) for number, column in enumerate(values.T)}


def _named(jobs: list[dict[str, float]]) -> Values:
    return {name: [job[name] for job in jobs] for name in jobs[0]}
