"""Pairs with their exact transform: read from a folder, cut from real images, or simulated."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

KINDS = {"mono": "one modality", "multi": "two modalities"}
LEVELS = ("easy", "medium", "hard")
MAKE_CASES = Path(__file__).resolve().parents[2] / "shared" / "bench" / "make_cases.py"
REACH = {"easy": (15, 1.1, 0.05), "medium": (45, 1.33, 0.10), "hard": (180, 2.0, 0.20)}  # as in make_cases.py
PER_SPECIMEN = 4
TRUTH = Path(__file__).with_name("truth.json")  # by truth.py: px of the recording


@dataclass(frozen=True)
class Case:
    """Two images (H, W) in 0..1 and the 3 x 3 matrix that takes a fixed pixel (x, y, 1) to the moving one."""

    name: str
    kind: str
    level: str
    fixed: np.ndarray
    moving: np.ndarray
    moving_from_fixed: np.ndarray
    source: str = ""  # name of the recording that it was cut from


def read(folder: Path) -> list[Case]:
    """Return the cases in a folder, in the format of ``make_cases.py``."""
    files = sorted(folder.glob("*.npz"))
    if not files:
        raise SystemExit(
            f"there are no cases (*.npz) in {folder}; make them with make_cases.py, or use --real"
        )
    return [_read(file) for file in files]


def origin_of(folder: Path) -> str:
    """Return a description of the origin of the cases in a folder."""
    index = folder / "index.json"
    made = (
        f"make_cases.py, seed {json.loads(index.read_text())['seed']}"
        if index.is_file()
        else "unknown origin"
    )
    return f"{folder.name}, {made}"


def _read(file: Path) -> Case:
    held = np.load(file)
    matrix = np.vstack([held["matrix"], [0, 0, 1]])
    kind, level, images = str(held["kind"]), str(held["level"]), (held["fixed"], held["moving"])
    return Case(file.stem, kind, level, *images, matrix, str(held["source"]) if "source" in held else "")


def cut(data: Path, seed: int, per_cell: int) -> list[Case]:
    """Return cases cut from the real images in ``data``."""
    if not MAKE_CASES.is_file():
        raise SystemExit(f"--real needs {MAKE_CASES}; use --cases, or neither for simulated specimens")
    with tempfile.TemporaryDirectory(prefix="xebra-cases-") as folder:
        options = ["--seed", str(seed), "--per-level", str(per_cell)]
        subprocess.run([sys.executable, MAKE_CASES, data, folder, *options], check=True, stdout=sys.stderr)
        return read(Path(folder))


def simulate(seed: int, per_cell: int, side: int = 256) -> Iterator[Case]:
    """Yield views of simulated specimens by one instrument or by two different ones; needs torch."""
    from xebra.specimen.instruments import CONTRASTS
    from xebra.specimen.pairs import PairSource, Range

    rng = np.random.default_rng(seed)
    source = PairSource(seed, size=side, pool=-(-per_cell // PER_SPECIMEN), renew=False)
    for kind in KINDS:
        for level, reach in REACH.items():
            for number in range(per_cell):
                first, second = (CONTRASTS[i] for i in rng.permutation(len(CONTRASTS))[:2])
                contrasts = (first, first if kind == "mono" else second)
                pairs = source.batch(1, Range(*reach), contrasts=contrasts)
                truth = _moving_from_fixed(pairs.parameters[0].tolist(), side)
                fixed, moving = pairs.fixed[0, 0].numpy(), pairs.moving[0, 0].numpy()
                yield Case(f"{kind}_{level}_{number:03d}", kind, level, fixed, moving, truth)


def _moving_from_fixed(parameters: list[float], side: int) -> np.ndarray:
    from xebra.transform import SimilarityTransform, image_center

    angle, log_scale, x, y = parameters
    shift, middle = (x * side, y * side), image_center((side, side))
    return np.linalg.inv(SimilarityTransform(float(np.exp(log_scale)), angle, shift, middle).matrix)


def first_of_each_cell(cases: Iterable[Case], limit: int | None) -> list[Case]:
    """Return at most ``limit`` cases of each kind and level."""
    seen, kept = Counter(), []
    for case in cases:
        seen[case.kind, case.level] += 1
        if limit is None or seen[case.kind, case.level] <= limit:
            kept.append(case)
    return kept


def of_known_truth(cases: Iterable[Case], px: float) -> list[Case]:
    """Return the cases of one image, and those of two recordings whose truth is known to ``px`` px of them.

    Raises SystemExit for a recording that ``truth.json`` does not name.
    """
    known, kept = json.loads(TRUTH.read_text()), []
    for case in cases:
        if case.kind == "multi" and case.source not in known:
            raise SystemExit(f"The truth of {case.source!r} is not verified: run ./dev bench truth first")
        if case.kind != "multi" or known[case.source] <= px:
            kept.append(case)
    return kept


def digest(cases: Iterable[Case]) -> str:
    """Return the SHA-256 of names, images and true transforms."""
    sha = hashlib.sha256()
    for case in cases:
        sha.update(case.name.encode())
        for array in (case.fixed, case.moving, case.moving_from_fixed):
            sha.update(np.ascontiguousarray(array).tobytes())
    return sha.hexdigest()
