"""The calibration of the error estimate, fitted on attempts whose errors are known."""

import dataclasses

import numpy as np
import pytest

from xebra.estimate.confidence import Confidence
from xebra.estimate.displacement import Evidence
from xebra.estimate.image_pair import Candidate
from xebra.estimate.quality_features import (
    BLOCKS,
    INTENSITY,
    WHOLE_VIEW,
    QualityFeatures,
    covariance,
    half_disagreement_px,
    uncertainty_px,
)
from xebra.evaluation import fit_calibration
from xebra.weights import weights

BUNDLED = Confidence.from_config(weights().config["confidence"])
FAIR = QualityFeatures(
    correlation=10.0,
    score_margin=4.0,
    half_disagreement_px=1.0,
    uncertainty_px=1.5,
    independent_disagreement_px=1.0,
)
INFORMATION = np.diag([4000.0, 4000.0, 10.0, 10.0])


def simulated(count):
    """Return simulated attempts whose features are informative, with scatter."""
    rng = np.random.default_rng(5)
    right = rng.random(count) < 0.7
    correlation = np.where(right, 14, 6) * rng.lognormal(0, 0.3, count)
    margin = np.where(right, 8, 1) * rng.lognormal(0, 0.5, count)
    disagreement = np.where(right, 0.5, 5) * rng.lognormal(0, 0.7, count)
    uncertainty = np.where(right, 0.8, 3) * rng.lognormal(0, 0.3, count)
    independent = np.where(right, 0.6, 4) * rng.lognormal(0, 0.7, count)
    errors = np.where(
        right, 0.5 * uncertainty * np.abs(rng.normal(1, 0.3, count)), rng.uniform(20, 200, count)
    )
    pulls = rng.normal(0, 2, (count, 4)) * [0.5, 1, 2, 4]
    rows = zip(correlation, margin, disagreement, uncertainty, independent, strict=True)
    return [
        fit_calibration.MeasuredAttempt(QualityFeatures(*row), error, pull)
        for row, error, pull in zip(rows, errors, pulls, strict=True)
    ]


def wider(measured, final_stage):
    """Return the attempts with pulls three times as large and another final stage."""
    return [
        dataclasses.replace(
            m,
            pulls=3 * m.pulls,
            features=dataclasses.replace(
                m.features,
                final_stage=final_stage,
                final_uncertainty_px=0.1 * m.features.uncertainty_px,
            ),
        )
        for m in measured
    ]


def features_and_errors(measured):
    return [m.features for m in measured], np.array([m.error_px for m in measured])


@pytest.fixture(scope="module")
def fitted():
    measured = simulated(600) + wider(simulated(200), INTENSITY)
    return fit_calibration.fit([[m] for m in measured], [[m] for m in wider(simulated(200), BLOCKS)])


@pytest.mark.parametrize(
    "feature",
    ["correlation", "score_margin", "half_disagreement_px", "uncertainty_px", "independent_disagreement_px"],
)
def test_the_probability_is_monotonic_in_every_feature(feature):
    better = -1 if feature.endswith("_px") else 1
    values = np.geomspace(0.05, 20, 30)[::better]
    probabilities = [BUNDLED.probability(dataclasses.replace(FAIR, **{feature: value})) for value in values]
    assert (np.diff(probabilities) >= 0).all() and probabilities[-1] > probabilities[0]


def test_the_verdict_is_monotonic_in_the_probability():
    ranks = {"refuse": 0, "review": 1, "accept": 2}
    steps = [QualityFeatures(v, v / 2, *[9 / v] * 3) for v in np.geomspace(1, 60)]
    assert [BUNDLED.probability(s) for s in steps] == sorted(BUNDLED.probability(s) for s in steps)
    verdicts = [ranks[BUNDLED.verdict(s)[0]] for s in steps]
    assert verdicts == sorted(verdicts) and set(verdicts) == {0, 1, 2}


def test_a_higher_threshold_accepts_no_more():
    features, _ = features_and_errors(simulated(200))
    accepted = [
        sum(dataclasses.replace(BUNDLED, accept_probability=p).verdict(f)[0] == "accept" for f in features)
        for p in (0.5, 0.8, 0.95, 0.99, 1.01)
    ]
    assert accepted == sorted(accepted, reverse=True) and accepted[-1] == 0 < accepted[0]


def test_the_fit_reaches_the_target_precision(fitted):
    features, errors = features_and_errors(simulated(600))
    accepted = np.array([fitted.verdict(f)[0] == "accept" for f in features])
    assert accepted.mean() > 0.5
    assert (errors[accepted] < fit_calibration.RIGHT_PX).mean() >= fit_calibration.TARGET_PRECISION - 0.01


def test_the_first_accepted_attempt_is_reported(fitted):
    sure = fit_calibration.MeasuredAttempt(QualityFeatures(60.0, 20.0, 0.1, 0.3, 0.1), 0.3, np.zeros(4))
    unsure = fit_calibration.MeasuredAttempt(QualityFeatures(0.2, 0.0, 9.0, 9.0, 9.0), 90.0, np.zeros(4))
    later = dataclasses.replace(sure, error_px=1.0)
    assert fit_calibration._reported(fitted, [sure, later]) is sure
    assert fit_calibration._reported(fitted, [unsure, later]) is later
    assert fit_calibration._reported(fitted, [unsure, last := dataclasses.replace(unsure)]) is last


def test_the_expected_error_is_the_mean_error(fitted):
    features, errors = features_and_errors(simulated(600))
    expected = np.array([fitted.expected_error_px(f) for f in features])
    assert expected.mean() == pytest.approx(errors.mean(), rel=0.25)
    low, high = np.array_split(np.argsort(expected), 2)
    assert errors[high].mean() > 10 * errors[low].mean()


def test_a_95_percent_interval_contains_95_percent(fitted):
    right = [m for m in simulated(600) if m.error_px < fit_calibration.RIGHT_PX]
    half = 1.96 * np.sqrt(np.diag(fitted.calibrated(np.eye(4))))
    assert half == pytest.approx(1.96 * 2 * np.array([0.5, 1, 2, 4]), rel=0.2)
    assert (np.abs([m.pulls for m in right]) <= half).mean(0) == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize("stage", [BLOCKS, INTENSITY])
def test_each_final_stage_has_its_own_error_scale(fitted, stage):
    wide = np.divide(
        fitted.error_scales[stage].interval_scale, fitted.error_scales[WHOLE_VIEW].interval_scale
    )
    assert wide == pytest.approx(3, rel=0.3)
    assert np.allclose(
        np.diag(fitted.calibrated(INFORMATION, stage)), wide**2 * np.diag(fitted.calibrated(INFORMATION))
    )


def test_the_expected_error_follows_the_uncertainty_of_the_final_stage(fitted):
    good = dataclasses.replace(FAIR, correlation=60, score_margin=20.0)
    coarse, fine = (
        dataclasses.replace(good, final_stage=INTENSITY, final_uncertainty_px=share * good.uncertainty_px)
        for share in (0.1, 0.05)
    )
    assert fitted.expected_error_px(fine) < fitted.expected_error_px(coarse)
    assert fitted.probability(coarse) == fitted.probability(good)


def test_too_few_right_attempts_give_no_error_scale():
    assert (
        fit_calibration.fit([[m] for m in simulated(300)], []).error_scales[INTENSITY]
        == fit_calibration.UNSCALED
    )


@pytest.mark.parametrize(
    ("features", "reason"),
    [
        (QualityFeatures(0.2, 0.0, 9, 9, 9), "another rotation, scale or position"),
        (QualityFeatures(0.2, 10.0, 8, 9, 9), "network and mutual information differ by 9.0 px"),
        (
            QualityFeatures(0.2, 10.0, 9, 9, 4, final_stage=INTENSITY),
            "network and pixel intensities differ by 4.0 px",
        ),
        (QualityFeatures(0.2, 10.0, 9, 9, 1), "estimates from two halves of the image differ by 9.0 px"),
        (QualityFeatures(0.2, 10.0, 1, 9, 1), "correlate weakly"),
    ],
)
def test_the_reason_names_the_weakest_feature(features, reason):
    assert reason in BUNDLED.verdict(features)[1]


@pytest.mark.parametrize(
    ("stage", "method"), [(INTENSITY, "pixel intensities"), (WHOLE_VIEW, "mutual information")]
)
def test_an_accepted_estimate_names_the_independent_method(stage, method):
    verdict = BUNDLED.verdict(QualityFeatures(60.0, 20.0, 0.1, 0.3, 0.2, final_stage=stage))
    assert verdict == ("accept", f"network and {method} agree to 0.2 px at 256 x 256")


def candidate(gradient=(0.0, 0.0)):
    """Return a candidate at 256 px whose two halves have gradients along x."""
    pulls = np.array([[0, 0, pull, 0] for pull in gradient])
    return Candidate(
        np.eye(3), 12.0, Evidence(np.zeros(4), pulls, np.stack([INFORMATION, INFORMATION]), 12.0), 256
    )


def test_opposite_gradients_of_the_halves_are_a_disagreement():
    same, other = (candidate((pull, -pull)) for pull in (0.0, 2.0))
    assert half_disagreement_px(same) == 0
    assert half_disagreement_px(other) == pytest.approx(2 * 2 * 2.0 / 10, rel=0.1)  # cells of 2 px, both ways
    assert uncertainty_px(same) == uncertainty_px(other) > 0


def test_more_information_has_a_smaller_covariance():
    known = candidate()
    more = dataclasses.replace(known.evidence, information=known.evidence.information * 4)
    smaller = covariance(dataclasses.replace(known, evidence=more))
    assert np.allclose(smaller, covariance(known) / 4)
    assert np.allclose(covariance(known), np.linalg.inv(2 * INFORMATION))
