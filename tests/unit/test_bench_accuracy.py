"""The benchmark computes the stated figures, and its peers register an easy pair."""

import json
import math
import sys

import numpy as np
import pytest
from accuracy import earlier, write
from cases import TRUTH as RECORDED
from cases import Case, digest, first_of_each_cell, of_known_truth, read
from curves import curves
from methods import LABELS, answer, plausible
from peers import peer
from scipy.ndimage import gaussian_filter
from scores import Answer, cell, error_px, parameters, scores
from tables import tables

from xebra.resample import resample
from xebra.transform import SimilarityTransform, image_center

SIDE = 256
TRUTH = SimilarityTransform(1.1, math.radians(20), (12, -7), image_center((SIDE, SIDE))).matrix


def moved(x: float) -> np.ndarray:
    """The truth, off by ``x`` px of the moving image."""
    matrix = TRUTH.copy()
    matrix[0, 2] += x
    return matrix


@pytest.fixture(scope="module")
def specimen() -> np.ndarray:
    """A field of blobs, larger than the view."""
    noise = np.random.default_rng(5).normal(size=(SIDE, SIDE))
    blobs = gaussian_filter(noise, 3)
    return (0.5 + blobs / (6 * blobs.std())).clip(0, 1).astype(np.float32)


@pytest.fixture(scope="module")
def case(specimen) -> Case:
    moving = resample(specimen, np.linalg.inv(TRUTH), specimen.shape)
    return Case("mono_easy_000", "mono", "easy", specimen, moving, TRUTH)


@pytest.fixture
def cases(case) -> list[Case]:
    """One case in each of two cells."""
    return [case, Case("multi_hard_000", "multi", "hard", case.fixed, case.moving, TRUTH)]


def test_error_is_the_distance_in_the_moving_image(case):
    assert error_px(case, Answer(moved(3.0), 0.1)) == pytest.approx(3.0)


def test_a_missing_answer_has_an_infinite_error(case):
    assert error_px(case, Answer(None, 0.1)) == math.inf


def test_success_counts_the_pairs_under_a_threshold():
    found = cell(np.array([0.5, 1.5, 3.0, math.inf]))
    assert [found[f"under_{px}_px"] for px in (1, 2, 5)] == [0.25, 0.5, 0.75]
    assert found["median_error_px"] == pytest.approx(2.25)


def test_median_of_failures_has_no_number():
    assert cell(np.array([0.5, math.inf, math.inf]))["median_error_px"] is None


def test_parameters_are_those_of_fixed_from_moving(case):
    angle, log_scale, x, y = parameters(case, TRUTH)
    back = np.linalg.inv(TRUTH)
    assert (math.degrees(angle), math.exp(log_scale)) == pytest.approx((-20, 1 / 1.1))
    middle = np.array([*image_center((SIDE, SIDE)), 1])
    assert (x, y) == pytest.approx(tuple((back @ middle - middle)[:2]))


def test_angle_error_goes_the_short_way_round(case):
    half_turn = SimilarityTransform(1, math.radians(179), (0, 0), image_center((SIDE, SIDE))).matrix
    other = SimilarityTransform(1, math.radians(-179), (0, 0), image_center((SIDE, SIDE))).matrix
    turned = [
        Case(n, "mono", "hard", case.fixed, case.moving, m) for n, m in (("a", half_turn), ("b", TRUTH))
    ]
    found = scores(turned, [Answer(other, 0.1), Answer(TRUTH, 0.1)])
    assert found["parameters"]["mae"]["angle_deg"] == pytest.approx(1.0)


def test_true_answers_have_r2_of_one(cases):
    turned = Case("c", "mono", "hard", cases[0].fixed, cases[0].moving, np.linalg.inv(TRUTH))
    found = scores([*cases, turned], [Answer(c.moving_from_fixed, 0.1) for c in (*cases, turned)])
    assert list(found["parameters"]["r2"].values()) == pytest.approx([1] * 4)


def test_an_implausible_answer_is_none():
    assert plausible(TRUTH)
    assert not plausible(np.diag([50.0, 50.0, 1.0]))
    assert not plausible(np.full((3, 3), np.nan))


@pytest.mark.parametrize("name", ["sift", "orb", "akaze"])
def test_peer_finds_a_known_transform(case, name):
    found = answer(name, case)
    assert error_px(case, found) < 1
    assert found.seconds > 0


def test_a_peer_without_its_package_fails_with_a_message(monkeypatch):
    monkeypatch.setitem(sys.modules, "imreg_dft", None)
    monkeypatch.delitem(sys.modules, "peers.fourier", raising=False)
    with pytest.raises(SystemExit, match="'imreg_dft'"):
        peer("fourier")


def test_tables_have_a_row_for_each_method(cases):
    figures = {name: scores(cases, [Answer(moved(1.5), 0.2), Answer(None, 0.2)]) for name in ("ours", "sift")}
    text = tables(figures, LABELS)
    assert text.count("| Xebra |") == text.count("| SIFT + RANSAC |") == 3
    assert "| Xebra | 0 / 100 / 100 | 1.50 |" in text
    assert "| Xebra | 0 / 0 / 0 | ∞ |" in text


def test_curves_have_a_panel_for_each_kind():
    errors = {name: {"mono": np.array([0.5, 9.0]), "multi": np.array([math.inf, 2.0])} for name in LABELS}
    figure = curves(errors, LABELS)
    assert [axes.get_title("left") for axes in figure.axes] == [
        "One modality, 2 pairs",
        "Two modalities, 2 pairs",
    ]
    assert all(len(axes.lines) >= len(LABELS) for axes in figure.axes)


def test_cases_are_read_as_make_cases_writes_them(case, tmp_path):
    held = {"fixed": case.fixed, "moving": case.moving, "matrix": TRUTH[:2], "kind": "mono", "level": "easy"}
    for number in range(2):
        np.savez_compressed(tmp_path / f"mono_easy_{number:03d}.npz", **held)
    found = read(tmp_path)
    assert [c.name for c in found] == ["mono_easy_000", "mono_easy_001"]
    assert np.array_equal(found[1].moving_from_fixed, TRUTH)
    assert len(first_of_each_cell(found, 1)) == 1


def test_an_empty_folder_fails_with_a_hint(tmp_path):
    with pytest.raises(SystemExit, match=r"make_cases\.py"):
        read(tmp_path)


def test_answers_are_kept_for_the_same_pairs_only(cases, tmp_path):
    write(tmp_path, "two pairs", cases, {"sift": [Answer(TRUTH, 0.1), Answer(None, 0.2)]})
    kept = earlier(tmp_path / "answers.json", digest(cases))
    assert np.allclose(kept["sift"][0].moving_from_fixed, TRUTH)
    assert kept["sift"][1] == Answer(None, 0.2)
    assert earlier(tmp_path / "answers.json", digest(cases[:1])) == {}
    assert json.loads((tmp_path / "accuracy.json").read_text())["methods"]["sift"]["no_answer"] == 1


def test_pairs_of_a_less_certain_truth_are_left_out():
    known = json.loads(RECORDED.read_text())
    sure, unsure = min(known, key=known.get), max(known, key=known.get)
    image = np.zeros((8, 8))
    cases = [
        Case(name, kind, "easy", image, image, np.eye(3), source)
        for name, kind, source in (("a", "multi", sure), ("b", "multi", unsure), ("c", "mono", "any"))
    ]
    assert [case.name for case in of_known_truth(cases, known[sure])] == ["a", "c"]
    assert len(of_known_truth(cases, known[unsure])) == 3
    with pytest.raises(SystemExit, match="not verified"):
        of_known_truth([Case("d", "multi", "easy", image, image, np.eye(3), "unknown")], 1.0)
