"""Pairs cut from recordings have the measured rest between both recordings in their truth."""

import json

import numpy as np
import pytest
from certify import reliability
from real_pairs import RealImages, left_between, own_resolution
from scipy import ndimage

from xebra.estimate.confidence import Confidence
from xebra.evaluation.fit_calibration import UNCALIBRATED, MeasuredAttempt
from xebra.resample import resample


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


def test_pairs_of_a_less_certain_truth_have_no_part_in_the_second_reliability_table(monkeypatch) -> None:
    monkeypatch.setattr(Confidence, "expected_error_px", lambda *_: 0.5)
    features = type("Features", (), {"final_stage": "whole_view", "score_margin": 9.0})()
    known = [MeasuredAttempt(features, 0.5, np.zeros(4), truth_px=0.4) for _ in range(6)]
    unsure = [MeasuredAttempt(features, 2.0, np.zeros(4), truth_px=0.6) for _ in range(4)]
    monkeypatch.setattr("certify.reported", lambda _, attempts: attempts[0])
    text = reliability(UNCALIBRATED, {"views": [[m] for m in known + unsure]}, bins=2)
    every, certain = text.split("Truth as certain as the estimate:")
    assert every.startswith("10 pairs") and "1.700 | 3.40" in every
    assert certain.count("0.500 | 0.500 | 1.00") == 2
