"""Adaptation of the default network to an instrument: fine-tune, calibrate, compare, judge."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from xebra.adaptation.evidence import label_evidence, problems
from xebra.adaptation.judge import judge
from xebra.adaptation.labels import Label, labels_sha256, read_labels, split_labels
from xebra.adaptation.scores import BENCHMARK_SEEDS, Role, measure_networks
from xebra.adaptation.single_images import PAIRS_BESIDE_LABELS, made_pairs
from xebra.adaptation.train_head import train_head
from xebra.engine import OnnxEngine
from xebra.errors import LabelsInvalid, NetworkUnknown
from xebra.evaluation.certificate import CertifiedGroup
from xebra.evaluation.fit_calibration import choose_thresholds
from xebra.weights import BUNDLED, DEFAULT, read_weights

Progress = Callable[[float, str], None]  # share of the time that has passed, and what is done

FILE = "adaptation.json"
FEWEST_LABELS = 8
BENCHMARK_PAIRS = 64  # with an answer, to choose thresholds on; as many to certify them on
TRAINING_SHARE = 0.6  # of the minutes
ROLES: dict[str, Role] = {"held_out": "held_out", "benchmark": "certify"}
HEADS = ("search", "refine")
POLL_S = 1.0


@dataclass(frozen=True)
class AdaptationReport:
    """What an adaptation made: hashes, scores of parent and candidate, and whether it may be promoted."""

    weights_sha256: str
    parent_sha256: str
    labels_sha256: str
    seed: int
    minutes: float
    labels: dict[str, int]  # how many trained, were held out, and how many groups there are
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
    """Fine-tune the default network on labelled pairs, and write the adapted one with a report.

    Both heads are trained on views of the labels mixed with simulated pairs, each in a process of its own.
    The adapted network is compared with its parent on labels of other regions and on a fixed benchmark, its
    error bar and thresholds are fitted anew. Labels that their own images contradict are trained on nowhere.
    From single images pairs are made; they judge the network only where there are fewer than 8 other labels.

    Args:
        labels: folder with ``labels.json``; see :func:`xebra.adaptation.labels.read_labels`.
        out: folder of networks to write, an inference URL ``file:///...``; ``adaptation.json`` in it holds
            the report. What was there is replaced.
        base: folder of networks to start from, with the checkpoints of the default network; default: the
            bundled ones.
        minutes: of processor time of each of two processes, in all about.
        seed: of training; results also depend on the number of steps that the processor makes in the time.
        benchmark_pairs: with an answer, in each of the two parts of the fixed benchmark.
        progress: is called with the share of the time that has passed and what is being done.

    Raises:
        LabelsInvalid: the labels cannot be read, are fewer than 8 or of one group only.
        NetworkUnknown: ``base`` has no checkpoints.

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
    if missing := [head for head in HEADS if not (base / DEFAULT / f"{head}.pt").is_file()]:
        raise NetworkUnknown(
            f"{base / DEFAULT} holds no checkpoint {' and '.join(f'{head}.pt' for head in missing)}, which "
            "an installed wheel leaves out; adapt from a checkout, or name a folder of networks with --base"
        )
    show(0.0, "checking the labels")
    given = {number: label_evidence(label) for number, label in enumerate(held) if not label.is_single}
    found = problems(list(given.values()), list(given)) if given else []
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    parent = read_weights(base / DEFAULT).sha256
    report = AdaptationReport("", parent, labels_sha256(held), seed, minutes, counts, reasons=found)
    if not found:
        report = _adapted(report, trained, held_out, base, out, benchmark_pairs, show)
    (out / FILE).write_text(json.dumps(report.to_json(), indent=1) + "\n")
    show(1.0, "finished")
    return report


def _adapted(
    report: AdaptationReport,
    trained: list[Label],
    held_out: list[Label],
    base: Path,
    out: Path,
    pairs: int,
    show: Progress,
) -> AdaptationReport:
    """Train, export, calibrate and compare."""
    _train_heads(trained, base, out, report, show)
    show(0.65, "writing the graphs")
    _export(base, out)
    show(0.75, "comparing with the parent")
    before, after = measure_networks([base, out], held_out, pairs)
    confidence = choose_thresholds(after.confidence, after.attempts["choose"])
    certificate = _write_config(out, report, dataclasses.asdict(confidence), after.certified(confidence))
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


def _split(held: list[Label]) -> tuple[list[Label], list[Label]]:
    """Return the pairs to train on and those held out; pairs made from images judge only where they must."""
    pairs, images = ([label for label in held if label.is_single == single] for single in (False, True))
    if len(pairs) < FEWEST_LABELS:
        return split_labels(pairs + [made for image in images for made in made_pairs(image)])
    trained, held_out = split_labels(pairs)
    judging = {label.group for label in held_out}
    free = (image for image in images if image.group not in judging)
    return trained + [made for image in free for made in made_pairs(image, PAIRS_BESIDE_LABELS)], held_out


def _train_heads(
    labels: list[Label], base: Path, out: Path, report: AdaptationReport, show: Progress
) -> None:
    """Write search.pt and refine.pt to the folder of the default network, each trained in a process."""
    (out / DEFAULT).mkdir(parents=True)
    context = get_context("spawn")
    passed = {head: context.Value("d", 0.0) for head in HEADS}
    minutes = TRAINING_SHARE * report.minutes
    processes = [
        context.Process(
            target=train_head,
            args=(
                base / DEFAULT / f"{head}.pt",
                out / DEFAULT / f"{head}.pt",
                labels,
                minutes,
                report.seed,
                passed[head],
            ),
        )
        for head in HEADS
    ]
    try:
        for process in processes:
            process.start()
        while any(process.is_alive() for process in processes):
            processes[0].join(POLL_S)
            processes[1].join(POLL_S)
            show(0.05 + 0.6 * min(value.value for value in passed.values()), "training")
    finally:
        for process in processes:
            process.kill()  # has ended, unless this process was stopped
            process.join()
    failed = [head for head, process in zip(HEADS, processes, strict=True) if process.exitcode]
    if failed:
        raise RuntimeError(f"The training of {' and '.join(failed)} failed; its output says why")


def _export(base: Path, out: Path) -> None:
    """Write the graphs beside the checkpoints, with the calibration of the network they come from."""
    from xebra.evaluation.export_and_calibrate import checked_difference
    from xebra.training.export import export_pyramid

    folder = out / DEFAULT
    config = export_pyramid(folder / "search.pt", folder / "refine.pt", folder)
    checked_difference(OnnxEngine(out), config)
    held = read_weights(base / DEFAULT).config
    (folder / "config.json").write_text(
        json.dumps({**config, "confidence": held["confidence"]}, indent=2) + "\n"
    )


def _write_config(
    out: Path, report: AdaptationReport, confidence: dict[str, Any], certificate: CertifiedGroup
) -> dict[str, Any]:
    """Write the calibration and the certificate that were fitted anew; return the latter."""
    file = out / DEFAULT / "config.json"
    config = json.loads(file.read_text())
    config["confidence"] = confidence
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
