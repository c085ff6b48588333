"""Adaptation of the default network: one that serves, compared with its parent; bad labels train none."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.labelled import displaced, pair

from xebra.adaptation import AdaptationReport, Label, adapt, write_labels
from xebra.adaptation.adapt import LEAST_RESEMBLANCE, MEMBERS, folds, learnt
from xebra.adaptation.information import Information, PlaceErrors, parent_errors
from xebra.adaptation.judge import judge
from xebra.adaptation.labels import labels_sha256, split_labels
from xebra.adaptation.scores import Measured
from xebra.commands.adaptation import adapt as command
from xebra.engine import OnnxEngine
from xebra.errors import LabelsInvalid, NetworkUnknown
from xebra.estimate.confidence import Confidence
from xebra.estimate.pyramid_estimator import PyramidEstimator
from xebra.estimate.synthesis_level import NETWORK_INFORMATION
from xebra.evaluation.export_and_calibrate import TOLERANCE, golden_difference
from xebra.evaluation.fit_calibration import measure
from xebra.evaluation.labelled_pairs import LabelledPair
from xebra.image import Image
from xebra.transform import corner_error
from xebra.weights import BUNDLED, DEFAULT, read_weights

MINUTES = 0.15  # some steps of training
PAIRS = 3  # of each part of the benchmark


def labelled(count: int) -> list[Label]:
    return [pair(seed) for seed in range(count)]


@pytest.fixture(scope="module")
def adapted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, AdaptationReport, list]:
    folder, shown = tmp_path_factory.mktemp("adapted"), []
    write_labels(folder / "labels", labelled(8))
    report = adapt(
        folder / "labels",
        folder / "networks",
        minutes=MINUTES,
        seed=3,
        benchmark_pairs=PAIRS,
        progress=lambda share, about: shown.append((share, about)),
    )
    return folder / "networks", report, shown


def test_the_adapted_network_registers(adapted) -> None:
    folder, report, _ = adapted
    network = read_weights(folder / DEFAULT)
    assert network.sha256 == report.weights_sha256 != report.parent_sha256
    assert report.parent_sha256 == read_weights(BUNDLED / DEFAULT).sha256
    engine = OnnxEngine(folder)
    assert max(golden_difference(engine, graph) for graph in network.graphs) < TOLERANCE
    assert network.config["confidence"] == read_weights(BUNDLED / DEFAULT).config["confidence"]
    assert LEAST_RESEMBLANCE <= network.config["synthesis"]["resemblance"] < 1
    assert 0 < network.config["synthesis"]["network_information"] != NETWORK_INFORMATION
    assert network.config["synthesis"]["known_information"] > 0
    label = pair(50)
    found = PyramidEstimator(network, engine).estimate(Image(label.fixed), Image(label.moving))
    assert corner_error(found.transform.matrix @ label.moving_from_fixed, np.eye(3), label.fixed.shape) < 3


def test_the_report_states_what_was_compared(adapted) -> None:
    folder, report, shown = adapted
    held = json.loads((folder / "adaptation.json").read_text())
    assert held == json.loads(json.dumps(report.to_json()))
    assert report.labels_sha256 == labels_sha256(labelled(8))
    assert report.labels["trained"] + report.labels["held_out"] == report.labels["groups"] == 8
    counts = report.scores["held_out"]
    assert counts["parent"]["pairs"] == counts["candidate"]["pairs"] == 8 * report.labels["held_out"]
    assert report.scores["benchmark"]["candidate"]["pairs"] == PAIRS
    assert report.certificate == read_weights(folder / DEFAULT).certificate
    assert report.reasons and isinstance(report.acceptable, bool)
    shares = [share for share, _ in shown]
    assert shares == sorted(shares) and shares[-1] == 1.0
    assert {"training", "comparing with the parent"} <= {about for _, about in shown}


def test_contradicted_labels_train_nothing(tmp_path: Path) -> None:
    labels = [displaced(label, n, 30) if n % 4 == 0 else label for n, label in enumerate(labelled(16))]
    write_labels(tmp_path / "labels", labels)
    report = adapt(tmp_path / "labels", tmp_path / "networks", minutes=60)
    assert not report.acceptable
    assert "4 of 16 labels (number 0, 4, 8, 12)" in report.reasons[0]
    assert not (tmp_path / "networks" / DEFAULT).exists()


def test_labels_that_only_synthesised_images_contradict_train_nothing_that_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As where mutual information is weak.
    monkeypatch.setattr(sys.modules["xebra.adaptation.adapt"], "problems", lambda *_: [])
    labels = [displaced(label, n, 30) if n % 4 == 0 else label for n, label in enumerate(labelled(16))]
    write_labels(tmp_path / "labels", labels)
    report = adapt(tmp_path / "labels", tmp_path / "networks", minutes=0.5, benchmark_pairs=PAIRS)
    assert not report.acceptable and not report.weights_sha256
    assert "4 of 16 labels (number 0, 4, 8, 12) are off by about 30 px" in report.reasons[0]
    assert not (tmp_path / "networks" / DEFAULT).exists()


def test_the_command_states_the_reasons(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mirrored = [replace(x, moving=np.ascontiguousarray(x.moving[::-1])) for x in labelled(8)]
    write_labels(tmp_path / "labels", mirrored)
    arguments = ["--from", str(tmp_path / "labels"), "--out", str(tmp_path / "out")]
    assert command(arguments) == 1
    assert "mirrored" in capsys.readouterr().out
    write_labels(tmp_path / "labels", mirrored[:7])
    assert command(arguments) == 2
    assert "at least 8" in capsys.readouterr().err


def test_one_group_cannot_train_and_judge(tmp_path: Path) -> None:
    write_labels(tmp_path, [replace(label, group="one") for label in labelled(8)])
    with pytest.raises(LabelsInvalid, match="another region"):
        adapt(tmp_path, tmp_path / "networks")


def test_a_base_without_the_network_is_refused(tmp_path: Path) -> None:
    write_labels(tmp_path / "labels", labelled(8))
    with pytest.raises(NetworkUnknown, match="--base"):
        adapt(tmp_path / "labels", tmp_path / "out", base=tmp_path)


@pytest.fixture(scope="module")
def attempts() -> tuple[list, list, Confidence]:
    """Attempts of the bundled network at pairs that it registers, and at pairs whose label is wrong."""
    estimator = PyramidEstimator(read_weights(BUNDLED / DEFAULT), OnnxEngine(BUNDLED))
    held = [LabelledPair(x.fixed, x.moving, x.moving_from_fixed, "multi") for x in labelled(4)]
    moved = [displaced(x, 1.0, 60) for x in labelled(4)]
    wrong = [LabelledPair(x.fixed, x.moving, x.moving_from_fixed, "multi") for x in moved]
    return list(measure(estimator, held)), list(measure(estimator, wrong)), estimator.confidence


def test_a_candidate_is_judged_by_labels_benchmark_and_certificate(attempts) -> None:
    right, wrong, confidence = attempts

    def measured(held_out: list, benchmark: list) -> Measured:
        return Measured({"held_out": held_out, "choose": benchmark, "certify": benchmark}, confidence)

    parent = measured(right + 2 * wrong, 30 * right)
    assert judge(parent, measured(2 * right + wrong, 30 * right), confidence)[0]
    for candidate, problem in [
        (measured(right + 2 * wrong, 30 * right), "held-out labels: 8 of 12 wrong, 8 before"),
        (
            measured(2 * right + wrong, 27 * right + 3 * wrong),
            "fixed benchmark: 216 of 240 right, 240 before",
        ),
        (
            measured(2 * right + wrong, 27 * right + 3 * wrong),
            "accepted on the fixed benchmark: 12 of 120 wrong",
        ),
    ]:
        good, reasons = judge(parent, candidate, confidence)
        assert not good and any(reason.startswith(f"not met: {problem}") for reason in reasons), reasons


def test_errors_of_held_out_labels_count_and_those_of_other_places_alike(attempts) -> None:
    right, _, confidence = attempts

    def measured(held_out: list) -> Measured:
        return Measured({"held_out": held_out, "choose": right, "certify": right}, confidence)

    def with_errors(*errors: float) -> list:
        last = right[0][-1]
        unsure = replace(last, features=replace(last.features, score_margin=0.0))
        return [[replace(unsure, error_px=px)] for px in errors]

    parent = measured(with_errors(4.9, 4.9, 300.0, 3.0))
    assert judge(parent, measured(with_errors(5.1, 5.1, 5.1, 2.0)), confidence)[0]  # more are wrong, by less
    assert not judge(parent, measured(with_errors(4.9, 6.0, 25.0, 3.0)), confidence)[0]  # 300 px is as wrong


@pytest.mark.parametrize("shift", [0.0, 4.0, 40.0])
def test_errors_of_the_parent_are_those_at_the_labels(shift: float) -> None:
    labels = [displaced(label, 1.0, shift) for label in labelled(4)]
    assert parent_errors(BUNDLED, labels) == pytest.approx([shift] * 4, abs=1.5)


@given(st.floats(1, 11), st.floats(1, 11), st.floats(0.5, 3.0), st.floats(2, 11))
def test_estimates_count_by_the_reciprocals_of_their_mean_square_errors(network, values, signal, parent):
    found = [PlaceErrors(network, values, signal)] * 5000  # so many that nothing counts beside them
    information = Information.of([parent] * 5000, found)
    assert information.network / signal == pytest.approx((values / network) ** 2, rel=0.1, abs=0.02)
    assert information.known / signal == pytest.approx((values / parent) ** 2, rel=0.1, abs=0.02)


@pytest.mark.parametrize("parent", [[], [1.0, 1.0], [1.0, 1.0, 300.0]])
def test_a_parent_that_finds_few_places_does_not_count(parent: list[float]) -> None:
    assert Information.of(parent, []).known == 0.0
    assert Information.of([*parent, 1.0, 1.0, 1.0], []).known > 0.5


def test_estimates_of_other_places_do_not_count_and_few_count_little() -> None:
    unknown = Information.of([], [])
    far = [PlaceErrors(300.0, 2.0, 1.0), PlaceErrors(2.0, 13.0, 1.0)]
    assert Information.of([], far) == unknown == Information(NETWORK_INFORMATION, 0.0)
    precise = PlaceErrors(8.0, 2.0, 0.5)
    one, many = (Information.of([], [precise] * count).network for count in (1, 20))
    assert many < one < unknown.network


@pytest.mark.parametrize("groups", ["ab", "abc", "aabbbcd", "abcdefghijklmnopqrst", "aaaaaaab"])
def test_no_network_is_judged_by_what_it_learnt(groups: str) -> None:
    labels = [replace(pair(0), group=group, job=str(n)) for n, group in enumerate(groups)]
    trained, held_out = split_labels(labels)
    parts = folds(held_out)
    assert len(parts) == MEMBERS
    taught = [{label.job for label in learnt(trained, parts, number)} for number in range(MEMBERS)]
    for number, part in enumerate(parts):
        assert not taught[number] & {label.job for label in part}
        assert not {label.group for label in learnt(trained, parts, number)} & {each.group for each in part}
    assert set.union(*taught) == {label.job for label in labels} or sum(map(bool, parts)) == 1
    assert sorted(label.job for part in parts for label in part) == sorted(label.job for label in held_out)
