"""Labels of an instrument: the folder, the split by group, and what their own images say against them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from xebra.adaptation.evidence import label_evidence, problems
from xebra.adaptation.labels import Label, labels_sha256, read_labels, split_labels, write_labels
from xebra.adaptation.scores import label_variants
from xebra.errors import LabelsInvalid
from xebra.transform import SimilarityTransform, image_center

SIDE = 160


def textured(seed: int, side: int = SIDE) -> np.ndarray:
    """Return a random image (side, side) of smooth bodies with edges."""
    noise = np.random.default_rng(seed).normal(size=(side, side))
    smooth = ndimage.gaussian_filter(noise, 5)
    return (np.tanh(6 * smooth / smooth.std()) + 0.2 * ndimage.gaussian_filter(noise, 1)).astype(np.float32)


def pair(seed: int, group: str = "") -> Label:
    """Return a label of two contrasts: the moving image is transformed, inverted and noisy."""
    rng = np.random.default_rng(seed)
    source = textured(seed, 2 * SIDE)
    about = image_center((SIDE, SIDE))
    matrix = SimilarityTransform(
        rng.uniform(0.9, 1.1), rng.uniform(-0.5, 0.5), tuple(rng.uniform(-8, 8, 2)), about
    ).matrix
    moving = view(1 - source**2, np.linalg.inv(matrix)) + rng.normal(0, 0.2, (SIDE, SIDE))
    return Label(view(source, np.eye(3)), moving.astype(np.float32), matrix, "added", group or str(seed))


def view(source: np.ndarray, fixed_from_view: np.ndarray) -> np.ndarray:
    """Return a view (SIDE, SIDE) of the middle of a source, at a transform of its px (x, y)."""
    middle = np.array([[1, 0, SIDE / 2], [0, 1, SIDE / 2], [0, 0, 1.0]]) @ fixed_from_view
    matrix = middle[1::-1, 1::-1]
    return ndimage.affine_transform(source, matrix, middle[1::-1, 2], (SIDE, SIDE), order=1).astype(
        np.float32
    )


@pytest.fixture(scope="module")
def labels() -> list[Label]:
    return [pair(seed) for seed in range(20)]


def displaced(label: Label, angle: float, px: float) -> Label:
    """Return a label whose transform is off by ``px`` at 256."""
    shift = np.eye(3)
    shift[:2, 2] = px * SIDE / 256 * np.array([np.cos(angle), np.sin(angle)])
    return replace(label, moving_from_fixed=label.moving_from_fixed @ shift)


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
        ({"fixed": "../elsewhere.tif"}, "not in the folder"),
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
