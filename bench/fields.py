"""Measure how often a detail is found in an overview, by Xebra and by keypoints on the same pairs.

./dev bench fields [--cases DIR [--offsets F]] [--limit N] [--workers N] [--out FILE]

--offsets F  JSON: what is left between the two recordings of a pair, by the beginning of its source's name
             (dx, dy px, scale, rot_deg about the centre of the first); composed into the truth
--cases DIR  pairs NAME.npz: fixed (the overview), moving (the detail), fixed_from_moving (3 x 3), kind (mono,
             multi), ratio of the fields of view, source (specimen)
without      pairs cut from simulated specimens (--seed, --count for each kind and ratio)

Each pair is registered with and without pixel spacings, and the detail with the overview of another specimen,
which has no answer. An estimate is right where the mean error at the detail's corners is below 2 % of its
width. Seconds are CPU time on one thread.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from accuracy import ONE_THREAD
from peers import peer
from tables import markdown
from trained import held_out

from xebra.align import Aligner
from xebra.arrays import Matrix, Pixels
from xebra.errors import RegistrationError
from xebra.transform import SimilarityTransform, corner_error, image_center

RIGHT = 0.02  # of the detail's width
RATIOS = (1.5, 2, 3, 4, 6, 8)
OVERVIEW_PX, DETAIL_PX, NOISE = 1024, 256, 0.03  # of simulated pairs; noise of the detail's deviation
XEBRA = ("known", "unknown", "other specimen")  # pixel spacings known, unknown; another specimen's overview
PEERS = ("sift", "orb")


@dataclass(frozen=True)
class FieldCase:
    """An overview, a detail of it, and the overview of another specimen."""

    name: str
    kind: str
    ratio: float
    overview: Pixels
    detail: Pixels
    overview_from_detail: Matrix
    other: Pixels


@dataclass(frozen=True)
class Found:
    """What a method returned for a case; ``error`` in widths of the detail, infinite without an estimate."""

    name: str
    kind: str
    ratio: float
    method: str
    error: float
    verdict: str
    expected: float  # error, in widths of the detail
    seconds: float


def read(folder: Path, limit: int | None, offsets: dict[str, dict[str, float]]) -> Iterator[FieldCase]:
    """Yield the cases of a folder, ``limit`` of each kind and ratio."""
    sources = {file: str(np.load(file)["source"]) for file in sorted(folder.glob("*.npz"))}
    kept = set(held_out(set(sources.values())))
    files = [file for file, source in sources.items() if source in kept]
    taken: dict[tuple[str, float], int] = {}
    for number, file in enumerate(files):
        held = np.load(file)
        cell = str(held["kind"]), float(held["ratio"])
        taken[cell] = taken.get(cell, 0) + 1
        if limit is not None and taken[cell] > limit:
            continue
        others = [f for f in files if sources[f][:5] != sources[file][:5]] or [file]
        other = np.load(others[number * 7 % len(others)])["fixed"]
        overview, truth = held["fixed"], held["fixed_from_moving"]
        if cell[0] == "multi":
            truth = np.linalg.inv(_offset(sources[file], overview.shape, offsets)) @ truth
        yield FieldCase(file.stem, *cell, overview, held["moving"], truth, other)


def _offset(source: str, shape: tuple[int, ...], offsets: dict[str, dict[str, float]]) -> Matrix:
    """Return the 3 x 3 from the first recording's px to the second's."""
    for beginning, rest in offsets.items():
        if source.startswith(beginning):
            shift = rest["dx"], rest["dy"]
            angle = np.radians(rest["rot_deg"])
            return SimilarityTransform(rest["scale"], float(angle), shift, image_center(shape)).matrix
    return np.eye(3)


def simulate(seed: int, count: int) -> Iterator[FieldCase]:
    """Yield cases cut from simulated specimens; needs torch."""
    from xebra.evaluation.simulated import PER_SPECIMEN, Range, cases
    from xebra.resample import resample

    random = np.random.default_rng(seed)
    nearly_aligned = Range(5.0, 1.0, 0.02)
    for ratio in RATIOS:
        drawn = list(cases(seed + int(100 * ratio), 2 * count, nearly_aligned, OVERVIEW_PX))
        for number, case in enumerate(drawn):
            kind = "multi" if number % 2 else "mono"
            source, overview_from_source = (
                (case.moving, case.truth.matrix) if kind == "multi" else (case.fixed, np.eye(3))
            )
            source_from_detail = _placed(random, ratio)
            detail = resample(source, source_from_detail, (DETAIL_PX, DETAIL_PX))
            detail = detail + random.normal(0, NOISE * detail.std(), detail.shape).astype(np.float32)
            other = drawn[(number + PER_SPECIMEN) % len(drawn)].fixed
            truth = overview_from_source @ source_from_detail
            yield FieldCase(f"simulated_{number}", kind, ratio, case.fixed, detail, truth, other)


def _placed(random: np.random.Generator, ratio: float) -> Matrix:
    """Return a random overview_from_detail, any rotation, inside the overview."""
    field = OVERVIEW_PX / ratio
    scale, angle = field / DETAIL_PX, random.uniform(-np.pi, np.pi)
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    half = min(field / 2 * (abs(np.cos(angle)) + abs(np.sin(angle))), OVERVIEW_PX / 2)
    center = random.uniform(half, OVERVIEW_PX - half, 2)
    matrix = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1.0]])
    matrix[:2, 2] = center - matrix[:2, :2] @ ([(DETAIL_PX - 1) / 2] * 2)
    return matrix


@cache
def aligner() -> Aligner:
    """Return this process's aligner."""
    return Aligner()


def run(method: str, case: FieldCase) -> Found:
    """Return what a method finds."""
    started = time.process_time()
    matrix, verdict, expected = _by_xebra(method, case) if method in XEBRA else _by_peer(method, case)
    seconds = time.process_time() - started
    error = np.inf
    if matrix is not None and method != "other specimen":
        difference = np.linalg.inv(case.overview_from_detail) @ matrix
        error = corner_error(difference, np.eye(3), case.detail.shape) / max(case.detail.shape)
    return Found(case.name, case.kind, case.ratio, method, float(error), verdict, expected, seconds)


def _by_xebra(method: str, case: FieldCase) -> tuple[Matrix | None, str, float]:
    """Return fixed_from_moving, the verdict and the expected error."""
    scale = float(np.sqrt(abs(np.linalg.det(case.overview_from_detail[:2, :2]))))
    spacings = {} if method == "unknown" else {"fixed_spacing": 1.0, "moving_spacing": scale}
    overview = case.other if method == "other specimen" else case.overview
    try:
        found = aligner().register(overview, case.detail, **spacings)
    except RegistrationError as error:
        return None, type(error).__name__, np.inf
    width = max(case.detail.shape) * found.scale
    return found.fixed_from_moving, found.verdict, found.expected_corner_error_px / width


def _by_peer(method: str, case: FieldCase) -> tuple[Matrix | None, str, float]:
    """Return fixed_from_moving of a peer."""
    found = peer(method)(case.overview, case.detail)
    singular = found is None or abs(np.linalg.det(found[:2, :2])) < 1e-6
    return (None if singular else np.linalg.inv(found)), "", np.inf


def tables(found: list[Found]) -> str:
    """Return the shares of right estimates by kind and ratio, and the verdicts."""
    parts = []
    for kind in sorted({each.kind for each in found}):
        ratios = sorted({each.ratio for each in found if each.kind == kind})
        rows = [
            [method, *(_right(found, kind, ratio, method) for ratio in ratios), _seconds(found, kind, method)]
            for method in (*XEBRA[:2], *PEERS)
            if any(each.method == method for each in found)
        ]
        head = [kind, *(f"{ratio:g} times" for ratio in ratios), "s per pair"]
        parts.append(markdown(head, rows))
    return "\n\n".join([*parts, _verdicts(found)]) + "\n"


def _seconds(found: list[Found], kind: str, method: str) -> str:
    """Return the median of the seconds per pair."""
    return f"{np.median([each.seconds for each in found if (each.kind, each.method) == (kind, method)]):.2f}"


def _right(found: list[Found], kind: str, ratio: float, method: str) -> str:
    """Return how many estimates are right, in percent."""
    errors = [e.error for e in found if (e.kind, e.ratio, e.method) == (kind, ratio, method)]
    return f"{100 * np.mean(np.array(errors) < RIGHT):.0f}"


def _verdicts(found: list[Found]) -> str:
    """Return how many estimates are right of how many with each verdict."""
    rows = []
    for kind in sorted({each.kind for each in found}):
        for method in XEBRA:
            held = [each for each in found if (each.kind, each.method) == (kind, method)]
            if held:
                rows.append(
                    [kind, method, *(_of(held, verdict) for verdict in ("accept", "review", "refuse"))]
                )
    return markdown(["kind", "spacings", "accept: right of all", "review", "refuse"], rows)


def _of(found: list[Found], verdict: str) -> str:
    """Return the number of right estimates of all with a verdict."""
    errors = np.array([each.error for each in found if each.verdict == verdict])
    return f"{int((errors < RIGHT).sum())} of {len(errors)}"


def arguments() -> argparse.Namespace:
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--cases", type=Path, help="folder of pairs")
    parser.add_argument("--offsets", type=Path, help="JSON of the rests between recordings")
    parser.add_argument("--limit", type=int, help="pairs of each kind and ratio to use")
    parser.add_argument("--seed", type=int, default=41, help="of simulated pairs")
    parser.add_argument("--count", type=int, default=10, help="simulated pairs of each kind and ratio")
    parser.add_argument("--methods", default=",".join((*XEBRA, *PEERS)), help="of %(default)s")
    parser.add_argument("--workers", type=int, default=1, help="pairs at a time, one thread each")
    parser.add_argument("--out", type=Path, help="write every estimate as JSON to this file")
    return parser.parse_args()


def main() -> None:
    chosen = arguments()
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    offsets = json.loads(chosen.offsets.read_text()) if chosen.offsets else {}
    cases = read(chosen.cases, chosen.limit, offsets) if chosen.cases else simulate(chosen.seed, chosen.count)
    found: list[Found] = []
    with ProcessPoolExecutor(chosen.workers, get_context("spawn")) as pool:
        for case in cases:
            found += pool.map(partial(run, case=case), chosen.methods.split(","))
            print(f"\r{len(found)}", end="", file=sys.stderr, flush=True)
    if chosen.out:
        chosen.out.write_text(json.dumps([asdict(each) for each in found], indent=1) + "\n")
    print(f"\n{tables(found)}")


if __name__ == "__main__":
    main()
