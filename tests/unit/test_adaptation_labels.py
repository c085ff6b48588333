"""Labels of an instrument: the folder, the split by group, and what their own images say against them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.labelled import SIDE, displaced, pair

from xebra.adaptation.evidence import label_evidence, problems
from xebra.adaptation.labels import Label, labels_sha256, read_labels, split_labels, write_labels
from xebra.adaptation.scores import label_variants
from xebra.errors import LabelsInvalid


@pytest.fixture(scope="module")
def labels() -> list[Label]:
    return [pair(seed) for seed in range(20)]


def test_a_folder_is_read_as_it_was_written(tmp_path: Path) -> None:
    written = [replace(pair(1), fixed_spacing=(0.01, 0.02), job="a", source="correction"), pair(2)]
    write_labels(tmp_path, written)
    read = read_labels(tmp_path)
    assert labels_sha256(read) == labels_sha256(written)
    assert [(each.source, each.group, each.fixed_spacing, each.job) for each in read] == [
        ("correction", "1", (0.01, 0.02), "a"),
        ("added", "2", None, None),
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"fixed": "../elsewhere.tif"}, "no file in this folder"),
        ({"fixed": None}, "incomplete"),
        ({"moving_from_fixed": [[1, 0, 0], [0, -1, 0], [0, 0, 1]]}, "without reflection"),
        ({"moving_from_fixed": [[1, 0, 0], [0, 1, 0], [0, 0.1, 1]]}, "without reflection"),
        ({"moving_from_fixed": [[1, 0], [0, 1]]}, "without reflection"),
        ({"moving_from_fixed": [[1, 0, float("nan")], [0, 1, 0], [0, 0, 1]]}, "without reflection"),
        ({"source": "guess"}, "has the source 'guess'"),
    ],
)
def test_labels_that_cannot_be_used_are_refused(tmp_path: Path, change: dict, problem: str) -> None:
    write_labels(tmp_path / "labels", [pair(1)])
    file = tmp_path / "labels" / "labels.json"
    held = json.loads(file.read_text())
    held["labels"][0] |= change
    file.write_text(json.dumps(held))
    with pytest.raises(LabelsInvalid, match=problem):
        read_labels(tmp_path / "labels")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": 2, "labels": []}', '{"version": 1, "labels": 3}']
)
def test_a_file_that_is_no_list_of_labels_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "labels.json").write_text(text)
    with pytest.raises(LabelsInvalid):
        read_labels(tmp_path)


@settings(max_examples=50, deadline=None)
@given(groups=st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=40), share=st.floats(0.1, 0.6))
def test_no_group_trains_and_judges(groups: list[str], share: float) -> None:
    image = np.zeros((8, 8), np.float32)
    held = [Label(image, image, np.eye(3), group=name) for name in groups]
    if len(set(groups)) < 2:
        with pytest.raises(LabelsInvalid):
            split_labels(held, share)
        return
    trained, held_out = split_labels(held, share)
    assert trained and held_out and len(trained) + len(held_out) == len(held)
    assert not {each.group for each in trained} & {each.group for each in held_out}
    again = split_labels(held[::-1], share)[1]
    assert {each.group for each in again} == {each.group for each in held_out}


def test_true_labels_have_no_problem(labels: list[Label]) -> None:
    assert problems([label_evidence(label) for label in labels]) == []


def test_a_fifth_of_wrong_labels_is_found_and_named(labels: list[Label]) -> None:
    bad = (0, 5, 10, 15)
    poisoned = [displaced(label, n, 30) if n in bad else label for n, label in enumerate(labels)]
    (problem,) = problems([label_evidence(label) for label in poisoned])
    assert "4 of 20 labels (number 0, 5, 10, 15)" in problem


def test_mirrored_labels_are_found(labels: list[Label]) -> None:
    mirrored = [replace(label, moving=np.ascontiguousarray(label.moving[:, ::-1])) for label in labels]
    (problem,) = problems([label_evidence(label) for label in mirrored])
    assert "mirrored" in problem


def test_exchanged_and_swapped_images_are_found(labels: list[Label]) -> None:
    swapped = [replace(label, moving=labels[(n + 1) % 20].moving) for n, label in enumerate(labels)]
    (problem,) = problems([label_evidence(label) for label in swapped])
    assert "do not support" in problem
    exchanged = [replace(label, fixed=label.moving, moving=label.fixed) for label in labels]
    assert problems([label_evidence(label) for label in exchanged])


@pytest.mark.parametrize("number", range(8))
def test_variants_of_a_label_show_the_same_points(number: int) -> None:
    label = pair(3)
    label = replace(label, moving=label.moving[:, : SIDE - 31])  # odd and not square
    variant = list(label_variants([label]))[number]
    fixed, moving = (label.fixed, label.moving) if number < 4 else (label.moving, label.fixed)
    assert variant.fixed.shape == fixed.shape
    y, x = 40, 33
    marked = np.zeros(moving.shape)
    marked[y, x] = 1
    row, column = np.argwhere(np.rot90(marked, number % 4) == 1)[0]
    first = label.moving_from_fixed if number < 4 else np.linalg.inv(label.moving_from_fixed)
    assert variant.moving[row, column] == moving[y, x]
    point = np.linalg.inv(first) @ [x, y, 1]
    assert np.allclose((variant.moving_from_fixed @ point)[:2], [column, row], atol=1e-9)
