"""Pairs with dust, a beam stop, noise of columns or rings, or shading: ./dev bench fixed_patterns --data DATA

Pairs of 256 x 256 px are cut from the recordings of DATA as ``make_cases.py`` does; those whose truth is less
certain than --known-to px at 256 are left out. Each pattern is at the same place in both images, but for "own
shading". Right: a corner error below 5 px.
"""

from __future__ import annotations

import argparse
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from real_pairs import cut_views, read_half
from tables import markdown

import xebra
from xebra.evaluation.labelled_pairs import LabelledPair
from xebra.specimen.split import CERTIFY, CHOOSE
from xebra.transform import corner_error

RIGHT_PX = 5.0
PATTERNS = ("plain", "dust", "beam stop", "columns", "rings", "shading", "own shading", "vignette")


def transmission(pattern: str, rng: np.random.Generator, side: int) -> np.ndarray:
    """Return the share of the signal (side, side) that a pattern lets pass."""
    y, x = np.mgrid[:side, :side]
    passes = np.ones((side, side))
    if pattern == "dust":
        for _ in range(rng.integers(10, 50)):
            row, column = rng.uniform(0, side, 2)
            spot = np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * rng.uniform(1.5, 8) ** 2))
            passes = np.minimum(passes, 1 - rng.uniform(0.3, 1) * spot)
    if pattern == "beam stop":
        row, column = side / 2 + rng.uniform(-0.1, 0.1, 2) * side
        disc = np.hypot(y - row, x - column) < rng.uniform(0.08, 0.2) * side
        passes[disc | ((np.abs(x - column) < rng.uniform(2, 8)) & (y > row))] = 0
    if pattern == "vignette":
        row, column = side / 2 + rng.uniform(-0.2, 0.2, 2) * side
        distance = np.hypot(y - row, x - column) / (side / 2)
        passes = 1 / (1 + rng.uniform(0.5, 2) * distance**2)
    return passes


def offsets(pattern: str, rng: np.random.Generator, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what is added to both images (side, side), shares of the range of grey values."""
    none = np.zeros((1, side))
    if pattern == "columns":
        columns = rng.normal(0, rng.uniform(0.03, 0.12), (1, side))
        return columns, columns
    if pattern == "rings":
        y, x = np.mgrid[:side, :side] - side / 2
        rings = rng.normal(0, rng.uniform(0.03, 0.12), side)[np.hypot(x, y).astype(int)]
        return rings, rings
    if pattern == "shading":
        shared = shading(rng, side)
        return shared, shared
    return (shading(rng, side), shading(rng, side)) if pattern == "own shading" else (none, none)


def shading(rng: np.random.Generator, side: int) -> np.ndarray:
    """Return a polynomial (side, side) of second degree with a range of 0.5 to 3."""
    y, x = np.mgrid[:side, :side] / (side / 2) - 1
    surface = np.stack([x, y, x * x, y * y, x * y], -1) @ rng.normal(size=5)
    return (surface - surface.min()) / np.ptp(surface) * rng.uniform(0.5, 3)


def counted(job: tuple[LabelledPair, str, int]) -> tuple[str, str, bool, bool]:
    """Return kind, pattern, and whether the estimate of a pair is right and accepted."""
    pair, pattern, seed = job
    rng, side = np.random.default_rng(seed), pair.fixed.shape[0]
    passes, (one, other) = transmission(pattern, rng, side), offsets(pattern, rng, side)
    found = xebra.register(pair.fixed * passes + one, pair.moving * passes + other)
    px = corner_error(found.fixed_from_moving @ pair.moving_from_fixed, np.eye(3), pair.fixed.shape)
    return pair.kind, pattern, px < RIGHT_PX, found.verdict == "accept"


def main() -> None:
    """Run the command."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--per-cell", type=int, default=6, help="pairs of each kind, level and half")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--known-to", type=float, default=0.75, help="px at 256 (%(default)s)")
    parser.add_argument("--patterns", default=",".join(PATTERNS), help="those to draw (%(default)s)")
    chosen = parser.parse_args()
    patterns = chosen.patterns.split(",")
    pairs = [
        pair
        for half in (CHOOSE, CERTIFY)
        for pair in cut_views(read_half(chosen.data, half), chosen.seed + half, chosen.per_cell, False)
        if pair.truth_px <= chosen.known_to
    ]
    jobs = [(p, pattern, chosen.seed * 10_000 + n) for pattern in patterns for n, p in enumerate(pairs)]
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        found = list(pool.map(counted, jobs, chunksize=8))
    rows = []
    for kind in ("mono", "multi"):
        for pattern in patterns:
            of = [(right, taken) for each, drawn, right, taken in found if (each, drawn) == (kind, pattern)]
            accepted = [right for right, taken in of if taken]
            figures = len(of), sum(right for right, _ in of), len(accepted), accepted.count(False)
            rows.append([kind, pattern, *map(str, figures)])
    print(markdown(["modalities", "pattern", "pairs", "right", "accepted", "of them wrong"], rows))


if __name__ == "__main__":
    main()
