"""How many pairs a network registers rightly: held-out labels, and the fixed benchmark of simulated ones."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.pool import AsyncResult, Pool
from pathlib import Path
from typing import Literal

import numpy as np

from xebra.adaptation.labels import Label
from xebra.arrays import Matrix
from xebra.engine import OnnxEngine
from xebra.estimate.confidence import Confidence
from xebra.estimate.pyramid_estimator import PyramidEstimator
from xebra.evaluation.certificate import CertifiedGroup, group
from xebra.evaluation.fit_calibration import MeasuredAttempt, accepted, measure, reported
from xebra.evaluation.labelled_pairs import LabelledPair
from xebra.transform import image_center
from xebra.weights import DEFAULT, read_weights

Role = Literal["held_out", "choose", "certify"]
Started = AsyncResult[list[list[MeasuredAttempt]]]  # attempts that are being made
BENCHMARK_SEEDS: dict[Role, int] = {"choose": 7_100_000, "certify": 7_200_000}  # of no other stream
QUARTER_TURNS = 4  # of the moving image: exact, without interpolation
PROCESSES = 2
MOST_ERROR_PX = 20.0  # at 256: a larger error is that of another place


@dataclass(frozen=True)
class Score:
    """Right estimates (corner error under 5 px at 256) of a number of pairs, and their errors.

    ``mean_error_px``: each error counts with at most 20 px, as one of another place.
    """

    pairs: int
    right: int
    accepted: int
    accepted_wrong: int
    median_error_px: float | None  # at 256
    mean_error_px: float | None = None

    @classmethod
    def of(cls, model: Confidence, measured: Sequence[Sequence[MeasuredAttempt]]) -> Score:
        """Return the score of the attempts that are reported."""
        last = [reported(model, list(attempts)) for attempts in measured]
        taken = [accepted(model, each) for each in last]
        errors = [each.error_px for each in last if math.isfinite(each.error_px)]
        return cls(
            len(last),
            sum(each.right for each in last),
            sum(taken),
            sum(take and not each.right for take, each in zip(taken, last, strict=True)),
            round(float(np.median(errors)), 3) if errors else None,
            round(float(np.minimum([each.error_px for each in last], MOST_ERROR_PX).mean()), 3)
            if last
            else None,
        )

    @property
    def wrong(self) -> int:
        """Return the number of pairs that are not right."""
        return self.pairs - self.right


@dataclass(frozen=True)
class Measured:
    """Every attempt of one network at the pairs of each role."""

    attempts: dict[Role, list[list[MeasuredAttempt]]]
    confidence: Confidence

    def score(self, role: Role, confidence: Confidence | None = None) -> Score:
        """Return the score of one role's pairs that have an answer."""
        pairs = [each for each in self.attempts[role] if each[-1].kind != "different"]
        return Score.of(confidence or self.confidence, pairs)

    def certified(self, confidence: Confidence | None = None) -> CertifiedGroup:
        """Return the counts of a certificate over pairs that chose nothing, unrelated ones included."""
        model = confidence or self.confidence
        last = [reported(model, attempts) for attempts in self.attempts["certify"]]
        return group(("accept" if accepted(model, each) else "review", each.right) for each in last)


def measure_adapted(
    parent: Path, adapted: Path, judges: Sequence[tuple[Path, Sequence[Label]]], count: int
) -> tuple[Measured, Measured]:
    """Return the attempts of a parent and of the network adapted from it at labels and the fixed benchmark.

    A parent that synthesises no images makes the adapted one's other attempts, which are not made twice.

    Args:
        parent: folder of networks, with ``pyramid/config.json`` and its graphs.
        adapted: folder of the adapted networks.
        judges: folders of networks, each with labels that did not train it; each label is registered in both
            directions and in four quarter turns of the moving image.
        count: of benchmark pairs in each of two parts, of which the certificate counts one.
    """
    repeats = "synthesis" in read_weights(parent / DEFAULT).config
    with get_context("spawn").Pool(PROCESSES) as pool:  # whose processes end if this one is stopped
        parts: tuple[Role, ...] = ("choose", "certify")
        drawn = dict(zip(parts, pool.starmap(benchmark, [(role, count) for role in parts]), strict=True))
        pairs: list[tuple[Role, Path, list[LabelledPair]]] = [
            *(("held_out", folder, list(label_variants(labels))) for folder, labels in judges),
            *((role, adapted, drawn[role]) for role in parts),
        ]
        after = [(role, _started(pool, folder, held)) for role, folder, held in pairs]
        before = [(role, _started(pool, parent, held)) for role, _, held in pairs if repeats]
        found, own = _joined(after), _joined(before)
    if not repeats:
        own = {
            role: [[m for m in made if not m.synthesised] for made in attempts]
            for role, attempts in found.items()
        }
    return Measured(own, _model(parent)), Measured(found, _model(adapted))


def _started(pool: Pool, folder: Path, pairs: Sequence[LabelledPair]) -> list[Started]:
    """Return the attempts of a network at pairs, which are being made."""
    return [pool.apply_async(_measured, (folder, pairs[n::PROCESSES])) for n in range(PROCESSES)]


def _joined(started: list[tuple[Role, list[Started]]]) -> dict[Role, list[list[MeasuredAttempt]]]:
    """Return the attempts by role once they are made."""
    found: dict[Role, list[list[MeasuredAttempt]]] = {}
    for role, jobs in started:
        found.setdefault(role, []).extend(each for job in jobs for each in job.get())
    return found


def _model(folder: Path) -> Confidence:
    return Confidence.from_config(read_weights(folder / DEFAULT).config["confidence"])


def _measured(folder: Path, pairs: Sequence[LabelledPair]) -> list[list[MeasuredAttempt]]:
    """Return the attempts of a network at pairs."""
    return list(measure(PyramidEstimator(read_weights(folder / DEFAULT), OnnxEngine(folder)), pairs))


def benchmark(role: Role, count: int) -> list[LabelledPair]:
    """Return the fixed benchmark: simulated pairs, and a third as many of different specimens.

    It is the same for every network and instrument, of specimens that no training draws.

    Args:
        role: the part that the certificate counts, or the other one.
        count: of pairs with an answer.
    """
    from xebra.evaluation.labelled_pairs import from_simulated, unrelated
    from xebra.evaluation.simulated import FULL, cases

    seed = BENCHMARK_SEEDS[role]
    others = (cases(seed + far, count // 3, FULL) for far in (10, 20))
    return [*from_simulated(cases(seed, count, FULL)), *unrelated(*others)]


def label_variants(labels: Sequence[Label]) -> Iterator[LabelledPair]:
    """Yield each label in both directions, the moving image in four quarter turns.

    Args:
        labels: pairs with their transforms.

    Examples:
        >>> image = np.zeros((64, 96), np.float32)
        >>> [pair.moving.shape for pair in label_variants([Label(image, image, np.eye(3))])][:2]
        [(64, 96), (96, 64)]
    """
    for label in labels:
        for each in (label, label.swapped()):
            for turns in range(QUARTER_TURNS):
                turned = np.ascontiguousarray(np.rot90(each.moving, turns))
                matrix = _quarter_turns(each.moving.shape, turns) @ each.moving_from_fixed
                yield LabelledPair(each.fixed, turned, matrix, "multi", each.group)


def _quarter_turns(shape: tuple[int, ...], turns: int) -> Matrix:
    """Return the 3 x 3 map of px (x, y) to those of ``np.rot90(image, turns)``."""
    x, y = image_center(shape)
    angle = -turns * math.pi / 2
    turned_x, turned_y = (x, y) if turns % 2 == 0 else (y, x)
    c, s = round(math.cos(angle)), round(math.sin(angle))
    turn = np.array([[c, -s, turned_x], [s, c, turned_y], [0, 0, 1.0]])
    matrix: Matrix = turn @ np.array([[1, 0, -x], [0, 1, -y], [0, 0, 1.0]])
    return matrix
