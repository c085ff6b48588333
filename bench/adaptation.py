"""What labels of one specimen do for its other regions and for other specimens: ./dev bench adaptation

--data DIR           recorded pairs of two modalities (pairs/NAME_fixed.tif, NAME_moving.tif, offsets.json)
--specimens NAME ..  beginnings of the names of the recordings (default: three that are often wrong)
--poison             adapt to labels of which a fifth is off by 30 px, to mirrored ones and to swapped ones

Each specimen is cut into two halves, across or along, whichever halves show the same more nearly (joint
histogram of both modalities): what a region does not show cannot be learnt from it. Labels are pairs of views
of the first half, as a person would correct them; wrong estimates are counted on views of the second half
before and after. Views of all other specimens are registered by both networks as well. Wrong: a corner error
of 5 px or more at 256.
Recordings whose own truth is uncertain by more than 2.5 px at 256 (truth.json) are left out, but not, as
specimens to adapt to, the channels that one probe records at once: they lie exactly, though mutual
information is biased where one shows the slope of the other.
Views are counted only where their mutual information is higher at the truth than at 24 transforms near it, as
in make_cases.py: others show too little in common to be registered by anybody.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
from real_pairs import left_between, read_half, stretched, view
from tables import markdown

from xebra.adaptation import Label, adapt, write_labels
from xebra.engine import OnnxEngine
from xebra.estimate.image_pair import ImagePair
from xebra.estimate.mutual_information import MutualInformation
from xebra.estimate.pyramid_estimator import PyramidEstimator
from xebra.evaluation.labelled_pairs import MAX_TRUTH_PX
from xebra.image import Image
from xebra.specimen.split import CERTIFY, CHOOSE, specimen_of
from xebra.transform import SimilarityTransform, corner_error, image_center
from xebra.weights import BUNDLED, DEFAULT, read_weights

SIDE = 256  # px of a view
LEAST_PX = 100  # of the recording along a view
WRONG_PX = 5.0
TRUTH = Path(__file__).with_name("truth.json")  # of each recording, px at 256
NEAR = 24  # wrong transforms that the truth is compared with
MOST_DRAWN = 8  # pairs for each one that is counted
SIMULTANEOUS = ("afm", "sims")  # beginnings of the names of recordings with channels of one probe
LEVELS = 16  # grey levels of each image in a joint histogram, equally frequent


class Recording(NamedTuple):
    """Two images (H, W) of one specimen, registered, and the axis across which it is cut into halves."""

    first: np.ndarray
    second: np.ndarray
    second_from_first: np.ndarray  # 3 x 3
    axis: int = 0


def recordings(data: Path, exact: tuple[str, ...] = ()) -> dict[str, Recording]:
    """Return the recordings of a folder by name, with the measured rest between both images.

    ``exact``: beginnings of the names whose truth is certain, whatever mutual information finds.
    """
    pairs = {**read_half(data, CHOOSE).pairs, **read_half(data, CERTIFY).pairs}
    known = json.loads(TRUTH.read_text())
    sure = {
        name: pair
        for name, pair in pairs.items()
        if known.get(name, 0.0) <= MAX_TRUTH_PX or name.startswith(exact)
    }
    made = {name: Recording(*pair, left_between(data, name, pair[0].shape)) for name, pair in sure.items()}
    return {
        name: recording._replace(
            axis=_axis([r for n, r in made.items() if specimen_of(n) == specimen_of(name)])
        )
        for name, recording in made.items()
    }


def _axis(of: list[Recording]) -> int:
    """Return the axis across which both halves of a specimen's recordings are most alike."""
    return min((0, 1), key=lambda axis: sum(_difference(recording, axis) for recording in of))


def _difference(recording: Recording, axis: int) -> float:
    """Return by how much the joint histograms of two halves differ: 0 equal, 1 nothing in common."""
    ranked = [
        np.searchsorted(np.quantile(image, np.linspace(0, 1, LEVELS + 1)[1:-1]), image)
        for image in (recording.first, recording.second)
    ]
    halves = np.array_split(ranked[0] * LEVELS + ranked[1], 2, axis)
    counts = (np.bincount(part.ravel(), minlength=LEVELS**2) / part.size for part in halves)
    return 0.5 * float(np.abs(np.subtract(*counts)).sum())


def half(recording: Recording, which: int) -> Recording:
    """Return one half of a recording."""
    first, second, rest, axis = recording
    middle = first.shape[axis] // 2
    part = [slice(None)] * 2
    part[axis] = slice(middle, None) if which else slice(middle)
    start = np.eye(3)
    start[1 - axis, 2] = middle * which
    return Recording(first[tuple(part)], second[tuple(part)], np.linalg.inv(start) @ rest @ start)


def views(recording: Recording, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return two views and moving_from_fixed: any rotation, scale up to 1.35, either image fixed."""
    first, second, rest, _ = recording
    while True:
        side = max(min(first.shape) * rng.uniform(0.6, 0.95), min(LEAST_PX, 0.98 * min(first.shape)))
        x, y = (rng.uniform(0, length - side) for length in first.shape[::-1])
        step = side / SIDE
        image_from_view = np.array([[step, 0, x], [0, step, y], [0, 0, 1.0]])
        shift, about = tuple(rng.uniform(-0.1, 0.1, 2) * SIDE), image_center((SIDE, SIDE))
        scale, angle = np.exp(rng.uniform(-0.3, 0.3)), rng.uniform(-np.pi, np.pi)
        matrix = SimilarityTransform(scale, angle, shift, about).matrix
        shown, other, to_other = (
            (first, second, rest) if rng.random() < 0.5 else (second, first, np.linalg.inv(rest))
        )
        fixed = view(shown, image_from_view, SIDE)
        moving = view(other, to_other @ image_from_view @ np.linalg.inv(matrix), SIDE)
        if fixed.std() > 0.1 * shown.std() and moving.std() > 0.1 * other.std():
            return stretched(fixed), stretched(moving), matrix


def decidable(pair: tuple[np.ndarray, np.ndarray, np.ndarray], rng: np.random.Generator) -> bool:
    """Return whether mutual information is higher at the truth than at 24 wrong transforms near it."""
    fixed, moving, matrix = pair
    measure = MutualInformation(ImagePair(Image(fixed), Image(moving)), SIDE, 2)
    truth = measure.information(matrix)
    for _ in range(NEAR):
        angle, far = rng.uniform(0, 2 * np.pi), rng.uniform(12, 60)
        shift = (far * np.cos(angle), far * np.sin(angle))
        scale, turn = np.exp(rng.uniform(-0.2, 0.2)), np.radians(rng.uniform(-25, 25))
        wrong = SimilarityTransform(scale, turn, shift, image_center((SIDE, SIDE))).matrix
        if measure.information(matrix @ wrong) > truth:
            return False
    return True


def counted_views(of: dict[str, Recording], count: int, seed: int) -> list[tuple]:
    """Return ``count`` decidable pairs of views in all of the second halves, of each recording in turn."""
    rng, names, found = np.random.default_rng(seed), sorted(of), []
    for number in range(MOST_DRAWN * count):
        pair = views(half(of[names[number % len(names)]], 1), rng)
        if decidable(pair, rng):
            found.append(pair)
        if len(found) == count:
            break
    return found


def drawn(of: dict[str, Recording], which: int, count: int, seed: int) -> Iterator[tuple]:
    """Yield ``count`` pairs of views in all, of one half of each recording in turn."""
    rng, names = np.random.default_rng(seed), sorted(of)
    for number in range(count):
        yield views(half(of[names[number % len(names)]], which), rng)


def errors(job: tuple[Path, list[tuple]]) -> list[tuple[float, bool]]:
    """Return the corner error at 256 of each pair with a folder's network, and whether it was accepted."""
    folder, pairs = job
    estimator = PyramidEstimator(read_weights(folder / DEFAULT), OnnxEngine(folder))
    found = []
    for fixed, moving, matrix in pairs:
        estimate = estimator.estimate(Image(fixed), Image(moving))
        error = corner_error(estimate.transform.matrix @ matrix, np.eye(3), fixed.shape)
        found.append((error, estimate.verdict == "accept"))
    return found


def counted(folders: list[Path], pairs: list[tuple]) -> list[np.ndarray]:
    """Return errors and acceptance (N, 2) of the pairs for each of two networks, in a process each."""
    with ProcessPoolExecutor(len(folders), get_context("spawn")) as pool:
        return [np.array(found) for found in pool.map(errors, [(folder, pairs) for folder in folders])]


def labelled(of: dict[str, Recording], count: int, seed: int) -> list[Label]:
    """Return labels of the first halves; each view is a group of its own."""
    made = enumerate(drawn(of, 0, count, seed))
    return [Label(*pair, "correction", str(number)) for number, pair in made]


def poisoned(labels: list[Label], seed: int) -> dict[str, list[Label]]:
    """Return labels as they should not be, by what is wrong with them."""
    rng, moved = np.random.default_rng(seed), []
    for number, label in enumerate(labels):
        angle, shift = rng.uniform(0, 2 * np.pi), np.eye(3)
        shift[:2, 2] = 30 * np.cos(angle), 30 * np.sin(angle)
        bad = number % 5 == 0
        moved.append(
            dataclasses.replace(label, moving_from_fixed=label.moving_from_fixed @ shift) if bad else label
        )
    others = [*labels[1:], labels[0]]
    return {
        "a fifth off by 30 px": moved,
        "mirrored": [dataclasses.replace(x, moving=np.ascontiguousarray(x.moving[:, ::-1])) for x in labels],
        "moving images of other labels": [
            dataclasses.replace(x, moving=y.moving) for x, y in zip(labels, others, strict=True)
        ],
        "fixed and moving exchanged": [
            dataclasses.replace(x, fixed=x.moving, moving=x.fixed) for x in labels
        ],
    }


def row(name: str, before: np.ndarray, after: np.ndarray) -> list[str]:
    """Return a line of the table."""
    cells = [name, str(len(before))]
    for found in (before, after):
        wrong, accepted = found[:, 0] >= WRONG_PX, found[:, 1] > 0
        cells += [
            f"{wrong.sum()}",
            f"{np.median(found[:, 0]):.2f}",
            f"{accepted.sum()}",
            f"{(accepted & wrong).sum()}",
        ]
    return cells


def main() -> None:
    """Run the command."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--specimens", nargs="+", default=["jeol_", "co3o4", "afmPTO"])
    parser.add_argument("--labels", type=int, default=20)
    parser.add_argument("--pairs", type=int, default=60, help="of other regions (%(default)s)")
    parser.add_argument("--others", type=int, default=240, help="of other specimens (%(default)s)")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--poison", action="store_true")
    chosen = parser.parse_args()
    every, simultaneous = recordings(chosen.data), recordings(chosen.data, SIMULTANEOUS)
    head = ["pairs of", "", "wrong before", "median px", "accepted", "of them wrong"]
    head += ["wrong after", "median px", "accepted", "of them wrong"]
    table = []
    for name in chosen.specimens:
        own = {key: recording for key, recording in simultaneous.items() if key.startswith(name)}
        others = {key: r for key, r in every.items() if specimen_of(key) != specimen_of(next(iter(own)))}
        labels = labelled(own, chosen.labels, chosen.seed)
        sets = poisoned(labels, chosen.seed) if chosen.poison else {"": labels}
        for kind, held in sets.items():
            with TemporaryDirectory() as folder:
                write_labels(Path(folder) / "labels", held)
                started = time.monotonic()
                out = Path(folder) / "networks"
                report = adapt(Path(folder) / "labels", out, minutes=chosen.minutes, seed=chosen.seed)
                minutes = (time.monotonic() - started) / 60
                state = "acceptable" if report.acceptable else "not acceptable"
                print(
                    f"\n{name} {kind}: {state} after {minutes:.1f} minutes: {'; '.join(report.reasons)}",
                    flush=True,
                )
                if chosen.poison:
                    continue
                for title, of, count in (
                    ("other regions", own, chosen.pairs),
                    ("others", others, chosen.others),
                ):
                    pairs = counted_views(of, count, chosen.seed + 1000)
                    table.append(row(f"{name}: {title}", *counted([BUNDLED, out], pairs)))
                print(f"\n{markdown(head, table)}", flush=True)


if __name__ == "__main__":
    main()
