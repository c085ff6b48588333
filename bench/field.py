"""Measure registration of bent images: ./dev bench field --cases DIR [--offsets F] [--model auto] [--limit N]
                                                      [--elastix N]

--cases DIR    *.npz with fixed, moving, moving_points (H, W, 2: where each fixed pixel lies), inside (bool),
               bent, kind (mono or multi), source
--offsets F    JSON: what is left between the two recordings of a pair, by the beginning of its source's name,
               about the centre of the recording pairs/NAME_fixed.tif beside it
--limit N      cases of each kind
--elastix N    register the first N cases of each kind with elastix too: affine, then B-splines

Prints a line for each case and a table: errors in px of the moving image at the points inside.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tifffile
from scipy import ndimage
from trained import is_held_out

import xebra
from xebra.transform import SimilarityTransform, image_center, map_points

POINTS = 4000  # of each case, drawn at random


@dataclass(frozen=True)
class Outcome:
    """What a case gave: errors (N,) of the model and of the similarity, and whether each interval holds."""

    kind: str
    bent: bool
    errors: np.ndarray
    similarity: np.ndarray
    holds: np.ndarray
    folds: bool
    seconds: float
    elastix: tuple[np.ndarray, float] | None = None  # its errors (N,) and seconds


def exact(held: dict[str, np.ndarray], offsets: Path | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the moving points (H, W, 2) and where they are known, with the rest between both recordings."""
    points, inside = held["moving_points"].astype(float), held["inside"]
    if offsets is None or str(held["kind"]) == "mono":
        return points, inside
    rest = left_between(str(held["source"]), offsets)
    if rest is None:
        return points, inside
    height, width = inside.shape
    shape = tifffile.TiffFile(offsets.parent / "pairs" / f"{held['source']}_fixed.tif").pages[0].shape
    origin = (np.array(shape[::-1]) - (width, height)) / 2
    turn = SimilarityTransform(
        rest["scale"], np.radians(rest["rot_deg"]), (rest["dx"], rest["dy"]), image_center(tuple(shape))
    ).matrix
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(float)
    there = map_points(turn, grid + origin) - origin
    moved = [
        ndimage.map_coordinates(part, (there[..., 1], there[..., 0]), order=1, mode="nearest")
        for part in np.moveaxis(points - grid, -1, 0)
    ]
    points = there + np.stack(moved, -1)
    limit = np.array([width, height])
    known = inside & ((points > 2) & (points < limit - 3) & (there > 0) & (there < limit - 1)).all(-1)
    return points, known


def held_out_cases(folder: Path, kind: str) -> list[Path]:
    """Return the cases of a kind whose specimens the default network was not trained on."""
    return [
        path for path in sorted(folder.glob(f"{kind}_*.npz")) if is_held_out(str(np.load(path)["source"]))
    ]


def left_between(source: str, offsets: Path) -> dict[str, float] | None:
    """Return what is left between the two recordings of a pair; None where nothing is known of it."""
    known = json.loads(offsets.read_text())
    return next((rest for name, rest in known.items() if source.startswith(name)), None)


def by_elastix(held: dict[str, np.ndarray], at: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the errors (N,) of elastix at points of the fixed image, and the seconds that it took."""
    from peers.elastix import bent

    started = time.process_time()
    found = bent(held["fixed"], held["moving"])
    seconds = time.process_time() - started
    errors = np.full(len(at), np.inf) if found is None else np.hypot(*(found[at[:, 1], at[:, 0]] - truth).T)
    return errors, seconds


def measure(path: Path, offsets: Path | None, model: str, elastix: bool) -> Outcome:
    """Return the outcome of a case, and print it."""
    held = dict(np.load(path))
    points, inside = exact(held, offsets)
    started = time.process_time()
    found = xebra.register(held["fixed"], held["moving"], model=model)
    seconds = time.process_time() - started
    rows, columns = np.nonzero(inside)
    chosen = np.random.default_rng(0).choice(len(rows), min(POINTS, len(rows)), replace=False)
    at, truth = np.stack([columns, rows], 1)[chosen], points[rows[chosen], columns[chosen]]
    off = found.to_moving(at) - truth
    straight = map_points(xebra.register(held["fixed"], held["moving"]).moving_from_fixed, at) - truth
    holds = np.zeros(0)
    if found.displacement_error is not None:
        in_fixed = np.abs(off @ np.linalg.inv(found.moving_from_fixed[:2, :2]).T)
        holds = (in_fixed < 1.96 * found.displacement_error[at[:, 1], at[:, 0]]).ravel()
    errors, similarity = np.hypot(*off.T), np.hypot(*straight.T)
    folds = found.field is not None and found.field.min_jacobian <= 0
    other = by_elastix(held, at, truth) if elastix else None
    words = f"; elastix {np.median(other[0]):.3f} px, {other[1]:.1f} s" if other else ""
    print(
        f"{path.stem} {held['source']!s:22s} bent {held['bent']:d} {found.transform_model:10s} median "
        f"{np.median(errors):.3f} px (similarity {np.median(similarity):.3f}), {seconds:.2f} s{words}",
        flush=True,
    )
    return Outcome(str(held["kind"]), bool(held["bent"]), errors, similarity, holds, folds, seconds, other)


def main() -> None:
    """Print a line for each case, and a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=Path, required=True)
    parser.add_argument("--offsets", type=Path)
    parser.add_argument("--model", default="auto")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--elastix", type=int, default=0)
    chosen = parser.parse_args()
    outcomes = [
        measure(path, chosen.offsets, chosen.model, number < chosen.elastix)
        for kind in ("mono", "multi")
        for number, path in enumerate(held_out_cases(chosen.cases, kind)[: chosen.limit])
    ]
    print("| | n | median px | < 1 px | < 2 px | similarity, median px | 95 % intervals hold | folds | s |")
    print("|---" * 9 + "|")
    for kind in ("mono", "multi"):
        for bent in (True, False):
            rows = [each for each in outcomes if each.kind == kind and each.bent == bent]
            if not rows:
                continue
            errors, before, holds = (
                np.concatenate([getattr(each, name) for each in rows])
                for name in ("errors", "similarity", "holds")
            )
            print(
                f"| {kind}, {'bent' if bent else 'not bent'} | {len(rows)} | {np.median(errors):.3f} "
                f"| {np.mean(errors < 1):.1%} | {np.mean(errors < 2):.1%} | {np.median(before):.3f} "
                f"| {f'{holds.mean():.1%}' if len(holds) else '-'} | {sum(each.folds for each in rows)} "
                f"| {np.median([each.seconds for each in rows]):.2f} |"
            )
    beside_elastix(outcomes)


def beside_elastix(outcomes: list[Outcome]) -> None:
    """Print a table of Xebra and elastix on the bent cases that both have registered."""
    print("| bent, both in one run | n | method | median px | < 1 px | < 2 px | s |")
    print("|---" * 7 + "|")
    for kind in ("mono", "multi"):
        rows = [each for each in outcomes if each.kind == kind and each.bent and each.elastix is not None]
        if not rows:
            continue
        found = {
            "Xebra": [(each.errors, each.seconds) for each in rows],
            "elastix": [each.elastix for each in rows if each.elastix is not None],
        }
        for name, each in found.items():
            errors, seconds = np.concatenate([one for one, _ in each]), np.median([s for _, s in each])
            print(
                f"| {kind} | {len(rows)} | {name} | {np.median(errors):.3f} | {np.mean(errors < 1):.1%} "
                f"| {np.mean(errors < 2):.1%} | {seconds:.2f} |"
            )


if __name__ == "__main__":
    main()
