"""Pairs cut from recordings have the measured rest between both recordings in their truth."""

import json
from dataclasses import replace

import numpy as np
import pytest
import truth
from certify import groups, of_registered, reliability, wrong_ones
from real_pairs import RealImages, left_between, own_resolution
from registered_pairs import RegisteredPair, networks_with, registered
from scipy import ndimage

from xebra.estimate.confidence import Confidence
from xebra.evaluation.labelled_pairs import LabelledPair
from xebra.resample import resample
from xebra.weights import weights


@pytest.fixture
def recorded(tmp_path, monkeypatch) -> RealImages:
    """Two recordings of one specimen, the second one shifted and scaled against the first."""
    import real_pairs

    rest = {"dx": 6.0, "dy": -4.0, "scale": 1.01, "rot_deg": 0.5}
    (tmp_path / "offsets.json").write_text(json.dumps({"rock": rest}))
    (tmp_path / "truth.json").write_text(json.dumps({"rock_Fe": 0.1}))
    monkeypatch.setattr(real_pairs, "TRUTH", tmp_path / "truth.json")
    first = ndimage.gaussian_filter(np.random.default_rng(1).normal(size=(420, 400)), 3)
    matrix = left_between(tmp_path, "rock_Fe", first.shape)
    second = ndimage.affine_transform(
        first, np.linalg.inv(matrix)[1::-1, 1::-1], np.linalg.inv(matrix)[1::-1, 2], order=3, mode="reflect"
    )
    return RealImages(tmp_path, {"single": first}, {"rock_Fe": (first, second)})


def test_the_truth_of_two_modalities_includes_the_rest(recorded) -> None:
    pairs = [pair for pair in own_resolution(recorded, 3, 6) if pair.kind == "multi"]
    assert len(pairs) == 3
    for pair in pairs:
        seen = resample(pair.moving.astype(np.float64), pair.moving_from_fixed, pair.fixed.shape)
        both = np.s_[60:-60, 60:-60]
        inside = seen[both] != 0
        assert np.corrcoef(seen[both][inside], pair.fixed[both][inside])[0, 1] > 0.98


def test_recordings_without_a_rest_are_registered(tmp_path) -> None:
    np.testing.assert_array_equal(left_between(tmp_path, "rock_Fe", (100, 100)), np.eye(3))
    (tmp_path / "offsets.json").write_text(
        json.dumps({"other": {"dx": 1, "dy": 1, "scale": 1, "rot_deg": 0}})
    )
    np.testing.assert_array_equal(left_between(tmp_path, "rock_Fe", (100, 100)), np.eye(3))


def test_pairs_of_a_less_certain_truth_have_no_part_in_the_second_reliability_table() -> None:
    known = [RegisteredPair("accept", 0.5, 0.5, 1.0, False, "mono", "rock", 0.4)] * 6
    unsure = [RegisteredPair("accept", 0.5, 2.0, 1.0, False, "multi", "rock", 0.6)] * 4
    every, certain = reliability({"views": [*known, *unsure]}, bins=2).split(
        "Truth as certain as the estimate:"
    )
    assert every.startswith("10 pairs") and "1.700 | 3.40" in every
    assert certain.count("0.500 | 0.500 | 1.00") == 2


def test_pairs_are_registered_with_the_calibration_that_is_certified(tmp_path) -> None:
    fixed = ndimage.gaussian_filter(np.random.default_rng(2).normal(size=(128, 128)), 2)
    truth = np.array([[1.0, 0.0, 5.0], [0.0, 1.0, -3.0], [0.0, 0.0, 1.0]])
    moving = ndimage.shift(fixed, (-3, 5), order=1, mode="reflect")
    pairs = [LabelledPair(fixed, moving, truth, "mono"), LabelledPair(fixed, moving, None, "different")]
    calibration = Confidence.from_config(weights().config["confidence"])
    (tmp_path / "strict").mkdir()
    (tmp_path / "plain").mkdir()
    right, wrong = registered(networks_with(calibration, tmp_path / "plain"), pairs)
    assert right.verdict == wrong.verdict == "accept"
    assert right.right and right.error_px < 0.2 and right.bound_ratio < 2
    assert not wrong.right and np.isnan(wrong.bound_ratio)
    assert "rock, different: inf px off" in wrong_ones({"views": [right, replace(wrong, source="rock")]})
    strict = networks_with(replace(calibration, accept_probability=1.01), tmp_path / "strict")
    assert [pair.verdict for pair in registered(strict, pairs)] == ["review", "review"]
    counted = groups(of_registered({"views": [right], "different, 256 px": [wrong]}))
    assert counted["one modality, all"].accepted_wrong == 0
    assert counted["different, 256 px"].accepted_wrong == 1


def test_the_truth_of_another_folder_is_stored_beside_what_is_known(tmp_path) -> None:
    truth.store(tmp_path / "truth.json", {"rock_Fe": 0.1, "alloy_Ni": 0.2})
    truth.store(tmp_path / "truth.json", {"meteorite_Mg": 0.3, "rock_Fe": 0.4})
    kept = json.loads((tmp_path / "truth.json").read_text())
    assert kept == {"alloy_Ni": 0.2, "meteorite_Mg": 0.3, "rock_Fe": 0.4}
