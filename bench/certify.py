"""Certify the verdict of the default network on real specimens: ./dev bench certify [options]

--data DIR   real images (pairs/, single/), split by specimen into two halves
--fit        first fit the calibration: on simulated pairs and on the half that thresholds are chosen on
--choose     first choose error scales and thresholds on that half, with the probabilities as they are
--write      write calibration and certificate to the network's config.json

Pairs of one and of two modalities, plain and with overlays on both images, at 256 px and at their own
resolution; pairs without a right answer: two specimens, no overlap, a mirrored image. The certificate counts
what ``xebra.register`` returns, only for specimens on which no threshold was chosen. Pairs whose truth mutual
information does not confirm at their own resolution (``./dev bench truth``) are counted apart: there only
estimates that are off by 5 px more than the truth is uncertain are wrong.
"""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from real_pairs import (
    UNRELATED,
    VIEW_SIDE,
    cut_views,
    own_resolution,
    read_half,
    without_answer,
)
from registered_pairs import RegisteredPair, networks_with, registered
from tables import markdown
from trained import trained_specimens

from xebra.engine import open_engine
from xebra.estimate.confidence import Confidence
from xebra.estimate.pyramid_estimator import PyramidEstimator
from xebra.evaluation.certificate import CertifiedGroup, group
from xebra.evaluation.fit_calibration import MeasuredAttempt, choose_thresholds, fit, measure, reported
from xebra.evaluation.fit_calibration import accepted as is_accepted
from xebra.evaluation.labelled_pairs import LabelledPair
from xebra.specimen.split import CERTIFY, CHOOSE, specimen_of
from xebra.weights import weights

Groups = dict[str, list[list[MeasuredAttempt]]]
Found = dict[str, list[RegisteredPair]]
Counted = dict[str, list[tuple[str, bool, str, bool]]]  # kind, whether the truth is known, verdict, right
SIZES = {"256 px": VIEW_SIDE, "own size": None}


def pairs_of(data: Path, half: int, seed: int, per_cell: int, unrelated: int) -> dict[str, Iterable]:
    """Return the pairs of one half of the specimens, by group."""
    images = read_half(data, half)
    made: dict[str, Iterable[LabelledPair]] = {
        "views": cut_views(images, seed, per_cell, overlays=True),
        "own resolution": own_resolution(images, seed + 1, 2 * per_cell),
    }
    for number, (kind, (size, side)) in enumerate(itertools.product(UNRELATED, SIZES.items())):
        count = unrelated if kind == "different" else unrelated // 3
        made[f"{kind}, {size}"] = without_answer(images, kind, seed + 2 + number, count, side)
    return made


def measured_group(half: int, name: str, chosen: argparse.Namespace) -> list[list[MeasuredAttempt]]:
    """Return every attempt at every pair of one group of one half."""
    estimator = PyramidEstimator(weights(), open_engine())
    options = (chosen.data, half, chosen.seed + 1000 * half, chosen.per_cell, chosen.unrelated)
    found = list(measure(estimator, pairs_of(*options)[name]))
    print(f"half {half}, {name}: {len(found)} pairs", file=sys.stderr, flush=True)
    return found


def measured_simulated(count: int) -> list[list[MeasuredAttempt]]:
    """Return every attempt at simulated pairs; needs torch."""
    from xebra.evaluation.export_and_calibrate import simulated_pairs

    return list(measure(PyramidEstimator(weights(), open_engine()), simulated_pairs(count)))


def verdict(model: Confidence, attempts: list[MeasuredAttempt]) -> tuple[str, bool]:
    """Return the verdict on the attempt that is reported, and whether it is right."""
    last = reported(model, attempts)
    if is_accepted(model, last):
        return "accept", last.right
    if model.prefers_mirrored(last.features, last.mirrored):
        return "refuse", last.right
    unsupported = model.probability(last.features) < model.review_probability
    return "refuse" if unsupported else "review", last.right


def of_attempts(model: Confidence, measured: Groups) -> Counted:
    """Return the verdicts on measured attempts, without what ``xebra.register`` does beside them."""
    return {
        name: [(pair[0].kind, pair[0].truth_is_known, *verdict(model, pair)) for pair in pairs]
        for name, pairs in measured.items()
    }


def of_registered(found: Found) -> Counted:
    """Return the verdicts of ``xebra.register``."""
    return {
        name: [(pair.kind, pair.truth_is_known, pair.verdict, pair.right) for pair in pairs]
        for name, pairs in found.items()
    }


def groups(counted: Counted) -> dict[str, CertifiedGroup]:
    """Return the counts of one and of two modalities and of the pairs without an answer."""
    named: dict[str, list] = {}
    for name, pairs in counted.items():
        for number, (kind, truth_is_known, *judged) in enumerate(pairs):
            drawn = " under an overlay" if name == "views" and number >= len(pairs) // 2 else ""
            label = name if kind in UNRELATED else {"mono": "one modality", "multi": "two modalities"}[kind]
            if not truth_is_known:
                named.setdefault(f"{label}, truth not surely known", []).append(judged)
                continue
            named.setdefault(f"{label}{drawn}", []).append(judged)
            if kind not in UNRELATED:
                named.setdefault(f"{label}, all", []).append(judged)
    return {name: group(held) for name, held in sorted(named.items())}


def reliability(found: Found, bins: int = 8) -> str:
    """Return two tables: expected and true mean corner error at 256 px, in bins of equal numbers.

    The second one is of the pairs whose truth is at least as certain as the estimate is expected to be: the
    uncertainty of the truth is part of the others' errors.
    """
    rows = [
        (pair.expected_px, min(pair.error_px, VIEW_SIDE), pair.truth_px <= pair.expected_px)
        for pair in itertools.chain(*found.values())
        if np.isfinite(pair.error_px) and pair.truth_is_known
    ]
    every = np.array(sorted(rows))
    tables = [_reliability(held, bins) for held in (every, every[every[:, 2] > 0])]
    return f"{len(every)} pairs:\n\n{tables[0]}\n\nTruth as certain as the estimate:\n\n{tables[1]}"


def _reliability(held: np.ndarray, bins: int) -> str:
    """Return the table of expected and true errors (N, 2 or more), in rising order of the former."""
    means = [(len(part), *part.mean(0)[:2]) for part in np.array_split(held, bins)]
    table = [
        [str(n), f"{expected:.3f}", f"{true:.3f}", f"{true / expected:.2f}"] for n, expected, true in means
    ]
    return markdown(["pairs", "expected", "true mean", "ratio"], table)


def bounds(found: Found) -> str:
    """Return a table: in how many accepted estimates every corner is within its 95 % bound."""
    held: dict[str, list[float]] = {}
    for pair in itertools.chain(*found.values()):
        if np.isfinite(pair.bound_ratio) and pair.truth_is_known and pair.verdict == "accept":
            stage = "pixel values" if pair.by_pixel_values else "mutual information"
            for name in (pair.kind, f"{pair.kind}, {stage}"):
                held.setdefault(name, []).append(pair.bound_ratio)
    rows = [
        [name, str(len(ratios)), f"{100 * np.mean(np.array(ratios) <= 1):.1f} %", f"{np.median(ratios):.2f}"]
        for name, ratios in sorted(held.items())
    ]
    return markdown(["accepted", "pairs", "95 % bound holds", "median error over bound"], rows)


def wrong_ones(found: Found) -> str:
    """Return the accepted estimates that are wrong, a line each."""
    wrong = [p for p in itertools.chain(*found.values()) if p.verdict == "accept" and not p.right]
    lines = (
        f"- {p.source}, {p.kind}: {p.error_px:.1f} px off, {p.expected_px:.1f} px expected" for p in wrong
    )
    return "\n".join(lines) or "None."


def table(counted: dict[str, CertifiedGroup]) -> str:
    """Return the counts as a table."""
    head = ["", "pairs", "right", "accepted", "of them wrong", "at most, 95 %", "refused"]
    rows = [
        [
            name,
            *map(str, (g.pairs, g.right, g.accepted, g.accepted_wrong)),
            _percent(g),
            str(g.refused),
        ]
        for name, g in counted.items()
    ]
    return markdown(head, rows)


def _percent(counted: CertifiedGroup) -> str:
    return f"{100 * counted.wrong_upper_bound:.2f} %"


def certificate(counted: dict[str, CertifiedGroup], chosen: argparse.Namespace) -> dict:
    """Return what config.json holds."""
    images = read_half(chosen.data, CERTIFY)
    return {
        "statement": "at most 1 % of accepted estimates wrong, with 95 % confidence, where certified",
        "specimens": sorted([*images.singles, *images.pairs]),
        "seed": chosen.seed,
        "per_cell": chosen.per_cell,
        "unrelated": chosen.unrelated,
        "groups": {name: g.to_json() for name, g in counted.items()},
    }


def check_never_trained_on(config: dict, data: Path) -> None:
    """End with an error where the network was trained on a specimen that the certificate counts."""
    images = read_half(data, CERTIFY, trained=True)
    shared = trained_specimens(config) & {specimen_of(name) for name in (*images.singles, *images.pairs)}
    if shared:
        sys.exit(f"The network was trained on {', '.join(sorted(shared))}: train with them in --holdout.")


def arguments() -> argparse.Namespace:
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=layout)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=501)
    parser.add_argument("--per-cell", type=int, default=60, help="pairs of a kind and level (%(default)s)")
    parser.add_argument("--unrelated", type=int, default=150, help="pairs of two specimens (%(default)s)")
    parser.add_argument("--simulated", type=int, default=200, help="simulated pairs for --fit (%(default)s)")
    parser.add_argument("--fit", action="store_true")
    parser.add_argument("--choose", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each (%(default)s)")
    parser.add_argument("--keep", type=Path, help="folder that keeps the measured attempts")
    parser.add_argument("--out", type=Path, default=Path("runs/certify"))
    return parser.parse_args()


def _held(keep: Path | None, name: str, make: Callable) -> object:
    file = keep and keep / f"{name}.pickle"
    if file and file.is_file():
        return pickle.loads(file.read_bytes())
    made = make()
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(pickle.dumps(made))
    return made


def measured(chosen: argparse.Namespace) -> dict[str, Any]:
    """Return every attempt at the pairs that thresholds are chosen on, by group, and at simulated pairs."""
    names = pairs_of(chosen.data, CHOOSE, 0, 1, 3)
    with ProcessPoolExecutor(chosen.workers, get_context("spawn")) as pool:
        jobs = {name: partial(measured_group, CHOOSE, name, chosen) for name in names}
        futures = {name: pool.submit(_held, chosen.keep, f"choose {name}", job) for name, job in jobs.items()}
        simulated = pool.submit(measured_simulated, chosen.simulated) if chosen.fit else None
        return {
            "choose": {name: future.result() for name, future in futures.items()},
            "simulated": simulated and simulated.result(),
        }


def registered_group(networks: Path, name: str, chosen: argparse.Namespace) -> list[RegisteredPair]:
    """Return what ``xebra.register`` returns for every pair of one group of the held-out half."""
    options = (chosen.data, CERTIFY, chosen.seed + 1000 * CERTIFY, chosen.per_cell, chosen.unrelated)
    found = list(registered(networks, pairs_of(*options)[name]))
    print(f"registered, {name}: {len(found)} pairs", file=sys.stderr, flush=True)
    return found


def held_out(model: Confidence, chosen: argparse.Namespace) -> Found:
    """Return what ``xebra.register`` returns with a calibration on the held-out half, by group."""
    with (
        tempfile.TemporaryDirectory(prefix="xebra-networks-") as folder,
        ProcessPoolExecutor(chosen.workers, get_context("spawn")) as pool,
    ):
        networks = networks_with(model, Path(folder))
        names = pairs_of(chosen.data, CERTIFY, 0, 1, 3)
        futures = {name: pool.submit(registered_group, networks, name, chosen) for name in names}
        return {name: future.result() for name, future in futures.items()}


def main() -> None:
    """Run the command."""
    chosen = arguments()
    model = Confidence.from_config(weights().config["confidence"])
    check_never_trained_on(weights().config, chosen.data)
    text = ""
    if chosen.fit or chosen.choose:
        held = measured(chosen)
        if chosen.fit:
            model = fit([*held["simulated"], *itertools.chain(*held["choose"].values())])
        else:
            model = choose_thresholds(model, list(itertools.chain(*held["choose"].values())))
        counted = groups(of_attempts(model, held["choose"]))
        text += f"Specimens that the thresholds were chosen on, attempts:\n\n{table(counted)}\n\n"
    found = held_out(model, chosen)
    counted = groups(of_registered(found))
    text += f"Held-out specimens, registered:\n\n{table(counted)}\n\n{reliability(found)}\n\n"
    text += f"{bounds(found)}\n\nAccepted and wrong:\n\n{wrong_ones(found)}\n"
    chosen.out.mkdir(parents=True, exist_ok=True)
    (chosen.out / "certify.md").write_text(text)
    print(text)
    if chosen.write:
        file = weights().folder / "config.json"
        config = json.loads(file.read_text())
        config["confidence"] = dataclasses.asdict(model)
        config["certificate"] = certificate(counted, chosen)
        file.write_text(json.dumps(config, indent=2) + "\n")


if __name__ == "__main__":
    main()
