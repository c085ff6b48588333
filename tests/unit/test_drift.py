"""Drift: false alarms without a change, and changes of dose and detector, by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from support.drift import changed_after, detector_images, drifting, false_alarms

from xebra.drift import comparison
from xebra.drift.comparison import REFERENCE_JOBS, WINDOW_JOBS, compare
from xebra.drift.features import image_features

FEATURES = 20
JOBS = 10_000


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.8])
def test_at_most_one_false_alarm_in_10000_jobs(correlation):
    """Jobs in a row may be alike: autocorrelation times of 1, 3 and 9 jobs."""
    assert false_alarms(drifting(3, correlation, FEATURES, JOBS)) <= 1


def test_false_alarm_rate_is_the_stated_one(monkeypatch):
    """Without the least distance, at a rate that can be counted."""
    monkeypatch.setattr(comparison, "LEAST_DISTANCE", 0.0)
    monkeypatch.setattr(comparison, "PER_WINDOW", 0.1)
    random = np.random.default_rng(0)
    alarms = 0
    for _ in range(600):
        before, now = random.normal(size=(5, REFERENCE_JOBS)), random.normal(size=(5, WINDOW_JOBS))
        reference, window = ({str(n): row for n, row in enumerate(rows)} for rows in (before, now))
        alarms += any(change.changed for change in compare(reference, window))
    assert 25 <= alarms <= 80  # 60 expected; fewer where chance correlates the jobs of a reference


SWAP = {"blur": 0.8, "gain": 3.0, "dark": 40.0, "readout": 4.0}  # a scintillator in place of counting pixels


@pytest.mark.parametrize("exported", ["counts", "8 bit"])
@pytest.mark.parametrize("start", [1, 25, 49])
@pytest.mark.parametrize("change", [{"dose": 4.0}, {"dose": 0.25}, SWAP])
def test_change_of_dose_or_detector_is_found_within_100_jobs(change, start, exported):
    """At any place in a window, of raw counts and of images that are stretched to 8 bit."""
    assert changed_after(detector_images(5, change, start, exported)) <= 100


def test_one_image_in_many_jobs_counts_once():
    """A batch of 50 moving images on one fixed image shows no distribution of fixed images."""
    random = np.random.default_rng(1)
    fixed, moving = random.normal(size=REFERENCE_JOBS), random.normal(size=REFERENCE_JOBS)
    reference = {"fixed_level": fixed, "moving_level": moving}
    batch = {"fixed_level": np.full(WINDOW_JOBS, 2.5), "moving_level": random.normal(size=WINDOW_JOBS)}
    assert not any(change.changed for change in compare(reference, batch))
    other = batch | {"moving_level": random.normal(3, 1, WINDOW_JOBS)}
    assert [change.feature for change in compare(reference, other) if change.changed] == ["moving_level"]


def test_features_that_most_jobs_lack_are_not_tested():
    before = {"error": [None] * 150 + [1.0] * 50, "verdict": [0.0] * 200}
    assert [change.feature for change in compare(before, {"error": [9.0] * 50, "verdict": [0.0] * 50})] == [
        "verdict"
    ]


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(32, 32), (65, 700), (2, 3000), (300, 200, 3), (64, 64, 4)])
def test_features_are_finite_for_all_images(dtype, shape):
    pixels = (np.random.default_rng(0).random(shape) * 200).astype(dtype)
    if pixels.dtype.kind == "f":
        pixels[0, :3] = np.reshape([np.nan, np.inf, -np.inf], (3, *[1] * (pixels.ndim - 2)))
    found = image_features(pixels)
    assert len(found) == 7 and all(np.isfinite(value) for value in found.values())


def test_noise_share_and_sharpness_follow_their_definitions():
    random = np.random.default_rng(0)
    scene = ndimage.gaussian_filter(random.normal(size=(400, 400)), 8)
    scene /= scene.std()
    for share in (0.5, 0.1, 0.02):
        noisy = scene + random.normal(0, np.sqrt(share / (1 - share)), scene.shape)
        assert image_features(noisy)["noise"] == pytest.approx(np.log10(share), abs=0.1)
    sharp = image_features(random.normal(size=(256, 256)))["sharpness"]
    blurred = image_features(ndimage.gaussian_filter(random.normal(size=(256, 256)), 2))["sharpness"]
    assert sharp == pytest.approx(0, abs=0.05) and blurred < -0.4
