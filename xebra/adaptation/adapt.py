"""Adaptation of the default network to an instrument: train image synthesis, calibrate, compare, judge."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from xebra.adaptation.evidence import label_evidence, problems
from xebra.adaptation.information import Information
from xebra.adaptation.judge import judge
from xebra.adaptation.labels import Label, labels_sha256, read_labels, split_labels
from xebra.adaptation.scores import BENCHMARK_SEEDS, Role, measure_adapted
from xebra.adaptation.single_images import made_pairs
from xebra.adaptation.synthesis_evidence import measured, problem
from xebra.engine import OnnxEngine
from xebra.errors import LabelsInvalid, NetworkUnknown
from xebra.estimate.image_pair import Candidate
from xebra.estimate.pyramid_estimator import PyramidEstimator
from xebra.evaluation.certificate import CertifiedGroup
from xebra.image import Image
from xebra.weights import BUNDLED, DEFAULT, names, read_weights

Progress = Callable[[float, str], None]  # share of the time that has passed, and what is done

FILE = "adaptation.json"
FEWEST_LABELS = 8
BENCHMARK_PAIRS = 64  # with an answer, in each of two parts; the certificate counts the second one
TRAINING_SHARE = 0.5  # of the minutes
ROLES: dict[str, Role] = {"held_out": "held_out", "benchmark": "certify"}
SYNTHESIS = f"{DEFAULT}_synthesis"  # name of the graph
MEMBERS = 2  # networks of image synthesis, each trained on one thread
SYNTHESIS_PX = 256  # longer side of a synthesised image
REFERENCE_PX = 128  # longer side of the other image, which says what to show
# Of the median correlation at held-out labels: what an estimate with a synthesised image must reach. Right
# estimates of three specimens have 0.29 and more, of AFM images, which resemble little, 0.17 and more.
RESEMBLANCE_SHARE, LEAST_RESEMBLANCE = 0.4, 0.2
POLL_S = 1.0


@dataclass(frozen=True)
class AdaptationReport:
    """What an adaptation made: hashes, scores of parent and candidate, and whether it may be promoted."""

    weights_sha256: str
    parent_sha256: str
    labels_sha256: str
    seed: int
    minutes: float
    labels: dict[str, int]  # how many trained both U-Nets, were held out of one; groups of them
    scores: dict[str, dict[str, Any]] = field(default_factory=dict)  # counts, by pairs and by network
    certificate: dict[str, Any] | None = None
    acceptable: bool = False
    reasons: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the report as adaptation.json holds it."""
        return dataclasses.asdict(self)


def adapt(
    labels: Path,
    out: Path,
    *,
    base: Path | None = None,
    minutes: float = 10.0,
    seed: int = 0,
    benchmark_pairs: int = BENCHMARK_PAIRS,
    progress: Progress | None = None,
) -> AdaptationReport:
    """Train the default network on labelled pairs of an instrument, and write the adapted one with a report.

    A network of cross-modality image synthesis is trained on the labels: it shows an image as the other
    modality would. Pairs that are not accepted are also registered with one image synthesised. The heads stay
    as they are: a pair that is accepted without synthesis has its parent's estimate. The network is compared
    with its parent on labels of other regions and on a fixed benchmark. Calibration and thresholds stay the
    parent's, which are certified on real specimens; estimates with a synthesised image need a higher
    probability, and the certificate is counted anew. Labels that their own images contradict are trained on
    nowhere; a network whose synthesised images contradict some of its labels is not kept. Where there are
    fewer than 8 pairs, more are made from single images.

    Args:
        labels: folder with ``labels.json``; see :func:`xebra.adaptation.labels.read_labels`.
        out: folder of networks to write, an inference URL ``file:///...``; ``adaptation.json`` in it holds
            the report. What was there is replaced.
        base: folder of networks to start from; default: the bundled ones.
        minutes: of processor time of each of two processes, in all about.
        seed: of training; results also depend on the number of steps that the processor makes in the time.
        benchmark_pairs: with an answer, in each of the two parts of the fixed benchmark.
        progress: is called with the share of the time that has passed and what is being done.

    Raises:
        LabelsInvalid: the labels cannot be read, are fewer than 8 or of one group only.
        NetworkUnknown: ``base`` does not hold the default network.

    Examples:
        >>> adapt(Path("nowhere"), Path("networks"), minutes=10)
        Traceback (most recent call last):
        ...
        xebra.errors.LabelsInvalid: nowhere holds no labels.json; xebra labels export writes one
    """
    show = progress or _silent
    base = base or BUNDLED
    held = read_labels(labels)
    if len(held) < FEWEST_LABELS:
        raise LabelsInvalid(
            f"{len(held)} labels are too few to adapt to; at least {FEWEST_LABELS} are needed"
        )
    trained, held_out = _split(held)
    counts = {
        "trained": len(trained),
        "held_out": len(held_out),
        "groups": len({label.group for label in held}),
    }
    if DEFAULT not in names(base):
        raise NetworkUnknown(f"{base} holds no network {DEFAULT!r}; name a folder of networks with --base")
    show(0.0, "checking the labels")
    given = {number: label_evidence(label) for number, label in enumerate(held) if not label.is_single}
    found = problems(list(given.values()), list(given)) if given else []
    _clear(out)
    parent = read_weights(base / DEFAULT).sha256
    report = AdaptationReport("", parent, labels_sha256(held), seed, minutes, counts, reasons=found)
    if not found:
        numbered = [(number, label) for number, label in enumerate(held) if not label.is_single]
        report = _adapted(report, trained, held_out, numbered, base, out, benchmark_pairs, show)
    (out / FILE).write_text(json.dumps(report.to_json(), indent=1) + "\n")
    show(1.0, "finished")
    return report


def _adapted(
    report: AdaptationReport,
    trained: list[Label],
    held_out: list[Label],
    numbered: list[tuple[int, Label]],
    base: Path,
    out: Path,
    pairs: int,
    show: Progress,
) -> AdaptationReport:
    """Train, export, compare the ``numbered`` labels with synthesised images, calibrate and compare."""
    copy_networks(base, out)
    parts = folds(held_out)
    _train_members(trained, parts, out, report, show)
    show(0.55, "writing the graph")
    _export(out, range(MEMBERS))
    show(0.57, "checking the labels")
    contradicted = _contradicted(out, numbered)
    if contradicted:
        _clear(out)
        return dataclasses.replace(report, reasons=[contradicted])
    with TemporaryDirectory() as scratch:
        judges = [
            (_judge(base, out, Path(scratch) / str(number), number), part)
            for number, part in enumerate(parts)
            if part
        ]
        information = Information.measured(base, trained + held_out, judges)
        _write_synthesis([out, *(folder for folder, _ in judges)], judges, information)
        show(0.6, "comparing with the parent")
        before, after = measure_adapted(base, out, judges, pairs)
    confidence = after.confidence  # the parent's
    certificate = _write_config(out, report, after.certified(confidence))
    compared = {
        name: {"parent": before.score(role), "candidate": after.score(role, confidence)}
        for name, role in ROLES.items()
    }
    acceptable, reasons = judge(before, after, confidence)
    return dataclasses.replace(
        report,
        weights_sha256=read_weights(out / DEFAULT).sha256,
        scores={n: {who: vars(s) for who, s in each.items()} for n, each in compared.items()},
        certificate=certificate,
        acceptable=acceptable,
        reasons=reasons,
    )


def _contradicted(out: Path, numbered: list[tuple[int, Label]]) -> str | None:
    """Return why labels that a network learnt from should not be used, or None."""
    if not numbered:
        return None
    numbers, labels = zip(*numbered, strict=True)
    return problem(measured(out, labels), numbers)


def _clear(out: Path) -> None:
    """Make an empty folder."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)


def _split(held: list[Label]) -> tuple[list[Label], list[Label]]:
    """Return the pairs to train on and those held out; single images make pairs only where pairs are few."""
    pairs, images = ([label for label in held if label.is_single == single] for single in (False, True))
    if len(pairs) < FEWEST_LABELS:
        pairs += [made for image in images for made in made_pairs(image)]
    return split_labels(pairs)


def folds(held_out: list[Label]) -> list[list[Label]]:
    """Return the held-out labels of each network of image synthesis, which the other ones train on.

    Groups are not split. With one group, the second network has none.

    Examples:
        >>> image = np.zeros((64, 64), np.float32)
        >>> [len(part) for part in folds([Label(image, image, np.eye(3), group=g) for g in "aab"])]
        [2, 1]
    """
    groups = sorted({label.group for label in held_out})
    return [
        [label for label in held_out if groups.index(label.group) % MEMBERS == number]
        for number in range(MEMBERS)
    ]


def learnt(trained: list[Label], parts: list[list[Label]], number: int) -> list[Label]:
    """Return the labels that a network of image synthesis trains on: all but those held out of it."""
    return trained + [label for other, part in enumerate(parts) if other != number for label in part]


def _judge(base: Path, out: Path, folder: Path, number: int) -> Path:
    """Return a folder of networks with one network of image synthesis, judged by what it did not train on."""
    folder.mkdir()
    copy_networks(base, folder)
    shutil.copy(member_file(out, number), member_file(folder, number))
    _export(folder, [number])
    return folder


def copy_networks(base: Path, out: Path) -> None:
    """Copy the graphs and the configuration of the default network to another folder."""
    for graph in read_weights(base / DEFAULT).graphs:
        shutil.copytree(base / graph, out / graph)
    (out / DEFAULT).mkdir()
    shutil.copy(base / DEFAULT / "config.json", out / DEFAULT)


def _train_members(
    trained: list[Label], parts: list[list[Label]], out: Path, report: AdaptationReport, show: Progress
) -> None:
    """Write the checkpoints of image synthesis, each trained in a process on all but its held-out labels."""
    from xebra.adaptation.train_synthesis import train_member

    context, minutes = get_context("spawn"), TRAINING_SHARE * report.minutes
    passed = [context.Value("d", 0.0) for _ in range(MEMBERS)]
    processes = [
        context.Process(
            target=train_member,
            args=(
                member_file(out, number),
                learnt(trained, parts, number),
                minutes,
                MEMBERS * report.seed + number,
                value,
            ),
        )
        for number, value in enumerate(passed)
    ]
    try:
        for process in processes:
            process.start()
        while any(process.is_alive() for process in processes):
            for process in processes:
                process.join(POLL_S)
            show(0.05 + 0.5 * min(value.value for value in passed), "training")
    finally:
        for process in processes:
            process.kill()  # has ended, unless this process was stopped
            process.join()
    if any(process.exitcode for process in processes):
        raise RuntimeError("The training of image synthesis failed; its output says why")


def member_file(out: Path, number: int) -> Path:
    """Return the checkpoint of one network of image synthesis."""
    return out / DEFAULT / f"synthesis_{number}.pt"


def _export(out: Path, members_of: Sequence[int]) -> None:
    """Write the graph of image synthesis by some members and its configuration; check it against torch."""
    from xebra.adaptation.train_synthesis import read_member
    from xebra.evaluation.export_and_calibrate import checked_difference
    from xebra.network.synthesis import MeanSynthesis
    from xebra.training.export import write_synthesis

    members = [read_member(member_file(out, number)) for number in members_of]
    write_synthesis(MeanSynthesis(members), out / SYNTHESIS, members[0].config.multiple)
    file = out / DEFAULT / "config.json"
    config = json.loads(file.read_text())
    graphs = [graph for graph in config["graphs"] if graph != SYNTHESIS]
    config |= {
        "graphs": [*graphs, SYNTHESIS],
        "synthesis": {"graph": SYNTHESIS, "size": SYNTHESIS_PX, "reference": REFERENCE_PX},
    }
    checked_difference(OnnxEngine(out), {**config, "graphs": [SYNTHESIS]})
    file.write_text(json.dumps(config, indent=2) + "\n")


def _write_synthesis(
    folders: list[Path], judges: list[tuple[Path, list[Label]]], information: Information
) -> None:
    """Write how well synthesised images must resemble the other ones, by labels that did not train them.

    Where they resemble even those labels little, an estimate must still show some resemblance.
    ``information``: of what is averaged.
    """
    found = []
    for folder, labels in judges:
        estimator = PyramidEstimator(read_weights(folder / DEFAULT), OnnxEngine(folder))
        found += [_least_resemblance(estimator, label) for label in labels]
    least = max(RESEMBLANCE_SHARE * float(np.median(found)), LEAST_RESEMBLANCE)
    for folder in folders:
        file = folder / DEFAULT / "config.json"
        config = json.loads(file.read_text())
        config["synthesis"] |= {"resemblance": round(least, 3), **information.to_json()}
        file.write_text(json.dumps(config, indent=2) + "\n")


def _least_resemblance(estimator: PyramidEstimator, label: Label) -> float:
    """Return the smaller correlation of both synthesised images with the others at a label's transform."""
    shown = estimator.resemblance(Image(label.fixed), Image(label.moving))
    return shown.least(Candidate(label.moving_from_fixed, 0.0)) if shown else 0.0


def _write_config(out: Path, report: AdaptationReport, certificate: CertifiedGroup) -> dict[str, Any]:
    """Write the certificate that was counted anew, and where the network comes from; return the former."""
    file = out / DEFAULT / "config.json"
    config = json.loads(file.read_text())
    config["certificate"] = {
        "statement": "accepted estimates that are wrong on the fixed benchmark, which chose no threshold",
        "specimens": ["simulated"],
        "seed": BENCHMARK_SEEDS["certify"],
        "groups": {"fixed benchmark": certificate.to_json()},
    }
    config["adaptation"] = {"parent_sha256": report.parent_sha256, "labels_sha256": report.labels_sha256}
    file.write_text(json.dumps(config, indent=2) + "\n")
    held: dict[str, Any] = config["certificate"]
    return held


def _silent(share: float, about: str) -> None:
    """Show nothing."""
