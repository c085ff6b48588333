"""The calibration of the error estimate, fitted on attempts whose errors are known."""

from dataclasses import replace

import numpy as np
import pytest
from support.quality_features import BUNDLED, HOPELESS, SURE, features

from xebra.estimate.affine_residual import AffineResidual
from xebra.estimate.block_agreement import BlockAgreement
from xebra.estimate.confidence import (
    LARGEST_OVER_MEAN,
    MIN_SCORE_MARGIN,
    QUICK_PROBABILITY,
    RIGHT_PX,
    ErrorScale,
)
from xebra.estimate.displacement import Evidence
from xebra.estimate.image_pair import Candidate
from xebra.estimate.quality_features import (
    BLOCKS,
    INTENSITY,
    WHOLE_VIEW,
    covariance,
    half_disagreement_px,
    uncertainty_px,
)
from xebra.evaluation.fit_calibration import (
    PROBABILITIES,
    UNCALIBRATED,
    UNSCALED,
    MeasuredAttempt,
    choose_thresholds,
    fit,
    reported,
)

CORNERS = np.array([[-128, -128], [128, -128], [-128, 128], [128, 128]], float)
INFORMATION = np.diag([4000.0, 4000.0, 10.0, 10.0])


def simulated(count, kind="multi", seed=5):
    """Return simulated attempts whose features are informative, with scatter."""
    rng = np.random.default_rng(seed)
    made = []
    for right in rng.random(count) < 0.7:
        better = 1.0 if right else 0.0
        uncertainty = (0.8 if right else 3) * rng.lognormal(0, 0.3)
        found = features(
            (14 if right else 6) * rng.lognormal(0, 0.3),
            (8 if right else 1) * rng.lognormal(0, 0.5),
            (0.5 if right else 5) * rng.lognormal(0, 0.7),
            uncertainty,
            (0.6 if right else 4) * rng.lognormal(0, 0.7),
            agreement=BlockAgreement(50, 0.3 + 0.5 * better * rng.random(), 4 + 15 * better * rng.random()),
        )
        error = 0.5 * uncertainty * abs(rng.normal(1, 0.3)) if right else rng.uniform(20, 200)
        pull = rng.normal(0, 2, 4) * [0.5, 1, 3, 3]
        made.append(MeasuredAttempt(found, error, pull, kind))
    return made


def unrelated(count):
    return [replace(m, error_px=np.inf, kind="different") for m in simulated(4 * count) if not m.right][
        :count
    ]


def at_stage(measured, stage):
    """Return the attempts with pulls three times as large and another final stage."""
    return [
        replace(
            m,
            pulls=3 * m.pulls,
            features=replace(
                m.features, final_stage=stage, final_uncertainty_px=0.1 * m.features.uncertainty_px
            ),
        )
        for m in measured
    ]


@pytest.fixture(scope="module")
def fitted():
    measured = simulated(900) + at_stage(simulated(200), INTENSITY) + at_stage(simulated(200), BLOCKS)
    return fit([[m] for m in measured + unrelated(100)])


@pytest.mark.parametrize("name", ["correlation", "score_margin", "half_disagreement_px", "uncertainty_px"])
def test_the_probability_grows_with_what_speaks_for_an_estimate(fitted, name):
    values = np.geomspace(0.05, 20, 30)[:: -1 if name.endswith("_px") else 1]
    probabilities = [fitted.probability(replace(features(), **{name: value})) for value in values]
    assert (np.diff(probabilities) >= 0).all() and probabilities[-1] > probabilities[0]


@pytest.mark.parametrize("model", ["fitted", "bundled"])
def test_the_probability_grows_with_the_share_of_blocks_that_agree(fitted, model):
    model = fitted if model == "fitted" else BUNDLED
    probabilities = [
        model.probability(features(agreement=BlockAgreement(50, share, 30 * share)))
        for share in np.linspace(0.1, 1, 10)
    ]
    assert (np.diff(probabilities) >= 0).all() and probabilities[-1] > probabilities[0]


def test_clear_cases_of_the_bundled_calibration():
    assert BUNDLED.probability(SURE) > 0.999 and BUNDLED.accepts(SURE)
    assert BUNDLED.probability(HOPELESS) < BUNDLED.review_probability


def test_nothing_is_accepted_without_a_margin():
    assert not BUNDLED.accepts(replace(SURE, score_margin=MIN_SCORE_MARGIN - 0.01))
    assert BUNDLED.accepts(replace(SURE, score_margin=MIN_SCORE_MARGIN + 0.01))


def test_nothing_is_accepted_below_the_probability():
    probability = BUNDLED.probability(SURE)
    assert not replace(BUNDLED, accept_probability=probability + 1e-6).finds(SURE)
    assert replace(BUNDLED, accept_probability=probability - 1e-6).finds(SURE)


def test_a_quick_attempt_must_be_surer_than_a_thorough_one():
    lenient = replace(BUNDLED, weights=[0.0] * len(BUNDLED.weights), accept_probability=0.5)
    for probability in (0.6, QUICK_PROBABILITY - 0.001, QUICK_PROBABILITY + 0.001):
        sure = replace(lenient, bias=float(np.log(probability / (1 - probability))))
        assert sure.finds(replace(SURE, thorough=True))
        assert sure.finds(SURE) == (probability > QUICK_PROBABILITY)


def test_an_estimate_that_another_candidate_surpasses_may_be_elsewhere():
    surpassed, level = (BUNDLED.expected_error_px(replace(SURE, score_margin=m)) for m in (-0.1, 0.1))
    assert surpassed > 0.4 * BUNDLED.wrong_px > level
    assert BUNDLED.expected_error_px(replace(SURE, score_margin=-0.1), places=4) > surpassed


def test_where_pixel_values_are_compared_the_threshold_may_be_stricter():
    probability = BUNDLED.probability(SURE)
    strict = replace(BUNDLED, accept_probability=0.5, same_contrast_probability=probability + 1e-6)
    for stage, found in ((WHOLE_VIEW, True), (BLOCKS, True), (INTENSITY, False)):
        assert strict.finds(replace(SURE, final_stage=stage)) == found
    lax = replace(BUNDLED, accept_probability=probability + 1e-6, same_contrast_probability=0.5)
    assert not lax.finds(replace(SURE, final_stage=INTENSITY))


def test_nothing_is_accepted_above_the_tolerance():
    expected = BUNDLED.expected_error_px(SURE)
    assert BUNDLED.accepts(SURE, 1.01 * expected) and not BUNDLED.accepts(SURE, 0.99 * expected)
    vague = replace(SURE, final_uncertainty_px=100.0)
    assert BUNDLED.finds(vague) and not BUNDLED.accepts(vague)


@pytest.mark.parametrize("stage", BUNDLED.error_scales)
def test_nothing_is_accepted_whose_error_may_well_exceed_the_tolerance(stage):
    scale = BUNDLED.error_scales[stage]
    vague, precise = (
        replace(
            SURE,
            final_stage=stage,
            final_uncertainty_px=precision / (scale.mean_over_median * scale.uncertainty_scale),
        )
        for precision in (1.02 * RIGHT_PX / LARGEST_OVER_MEAN, 0.98 * RIGHT_PX / LARGEST_OVER_MEAN)
    )
    assert BUNDLED.expected_error_px(vague) < RIGHT_PX
    assert BUNDLED.accepts(precise, RIGHT_PX) and not BUNDLED.accepts(vague, RIGHT_PX)
    assert BUNDLED.accepts(vague, 1.03 * RIGHT_PX)
    assert BUNDLED.accepts(precise, 3.0) and not BUNDLED.accepts(precise, 2.0)


@pytest.mark.parametrize("px", [0.5, 2.0, 6.0])
def test_two_independent_estimates_are_each_off_by_their_distance_over_the_root_of_two(px):
    both = np.random.default_rng(4).normal(scale=px, size=(2, 50_000, 2))
    distance = np.hypot(*(both[0] - both[1]).T).mean()
    found = replace(SURE, network_distance_px=distance)
    error = np.hypot(*both[0].T).mean()
    assert BUNDLED.precision_px(found) == pytest.approx(error, rel=0.02)
    assert BUNDLED.accepts(found) == (LARGEST_OVER_MEAN * error < RIGHT_PX)


def test_an_estimate_near_the_network_s_is_as_precise_as_its_uncertainty():
    near = replace(SURE, network_distance_px=0.5 * BUNDLED.precision_px(SURE))
    assert BUNDLED.precision_px(near) == BUNDLED.precision_px(SURE)


def test_the_largest_error_is_that_of_99_percent():
    errors = np.sqrt((np.random.default_rng(3).normal(size=(200_000, 4)) ** 2).sum(1))
    assert np.mean(errors < LARGEST_OVER_MEAN * errors.mean()) == pytest.approx(0.99, abs=0.001)


def test_the_fit_accepts_few_wrong_estimates_and_most_right_ones(fitted):
    fresh = simulated(1000, seed=6)
    accepted = [m for m in fresh if fitted.accepts(m.features)]
    assert sum(not m.right for m in accepted) <= 0.01 * len(accepted)
    assert len(accepted) > 0.9 * sum(m.right for m in fresh)


def test_the_fit_refuses_most_unrelated_pairs_and_few_right_ones(fitted):
    refused = [fitted.probability(m.features) < fitted.review_probability for m in unrelated(200)]
    assert np.mean(refused) > 0.85
    right = [m for m in simulated(500, seed=7) if m.right]
    assert np.mean([fitted.probability(m.features) < fitted.review_probability for m in right]) < 0.05


def test_the_threshold_is_the_strictest_where_the_pairs_prove_nothing():
    few = [[m] for m in simulated(40)]
    assert fit(few).accept_probability == max(PROBABILITIES)


def test_a_stricter_threshold_is_taken_where_it_costs_few_right_estimates():
    """Right estimates between 0.8 and 0.9: so few that 0.93 is as good, or so many that it is not."""
    model = replace(
        BUNDLED, weights=[0, 0, 0, 0, 0, 1.0, 0, 0, 0, 0, 0], bias=0.0, tail_gain=0.0, wrong_px=6.0
    )

    def attempts(probability, count):
        share = float(np.log(probability / (1 - probability)))
        found = replace(SURE, thorough=True, agreement=BlockAgreement(50, share, 10.0))
        return [[MeasuredAttempt(found, 0.5, np.zeros(4))]] * count

    sure = attempts(0.995, 1000)
    assert choose_thresholds(model, sure + attempts(0.85, 5)).accept_probability == 0.99
    assert choose_thresholds(model, sure + attempts(0.85, 200)).accept_probability == 0.84
    wrong = [[replace(each[0], error_px=50.0)] for each in attempts(0.88, 40)]
    assert choose_thresholds(model, sure + wrong + attempts(0.85, 200)).accept_probability >= 0.9


def test_the_first_accepted_attempt_is_reported(fitted):
    sure = MeasuredAttempt(SURE, 0.3, np.zeros(4))
    unsure = MeasuredAttempt(HOPELESS, 90.0, np.zeros(4))
    later = replace(sure, error_px=1.0)
    assert reported(fitted, [sure, later]) is sure
    assert reported(fitted, [unsure, later]) is later
    assert reported(fitted, [replace(sure, places=2), later]) is later
    assert reported(fitted, [unsure, last := replace(unsure)]) is last


def test_the_expected_error_is_the_mean_error(fitted):
    fresh = simulated(900, seed=8)
    expected = np.array([fitted.expected_error_px(m.features) for m in fresh])
    errors = np.array([m.error_px for m in fresh])
    assert expected.mean() == pytest.approx(errors.mean(), rel=0.25)
    low, high = np.array_split(np.argsort(expected), 2)
    assert errors[high].mean() > 10 * errors[low].mean()


def test_a_95_percent_interval_contains_95_percent(fitted):
    right = [m for m in simulated(600) if m.right]
    half = 1.96 * np.sqrt(np.diag(fitted.calibrated(np.eye(4))))
    assert half == pytest.approx(1.96 * 2 * np.array([0.5, 1, 3, 3]), rel=0.2)
    assert (np.abs([m.pulls for m in right]) <= half).mean(0) == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("stage", [BLOCKS, INTENSITY])
def test_each_final_stage_has_its_own_error_scale(fitted, stage):
    wide = np.divide(
        fitted.error_scales[stage].interval_scale, fitted.error_scales[WHOLE_VIEW].interval_scale
    )
    assert wide == pytest.approx(3, rel=0.3)
    assert np.allclose(
        np.diag(fitted.calibrated(INFORMATION, stage)), wide**2 * np.diag(fitted.calibrated(INFORMATION))
    )


def test_the_expected_error_follows_the_final_stage(fitted):
    coarse, fine = (
        replace(SURE, final_stage=INTENSITY, final_uncertainty_px=share * SURE.uncertainty_px)
        for share in (0.1, 0.05)
    )
    assert fitted.precision_px(fine) == pytest.approx(fitted.precision_px(coarse) / 2)
    assert fitted.probability(coarse) == fitted.probability(fine)


def test_what_a_similarity_cannot_explain_is_part_of_the_error(fitted):
    stretched = replace(SURE, affine=AffineResidual(0.03, 90.0))
    assert fitted.precision_px(stretched) > stretched.affine.corner_px > 5
    assert not fitted.accepts(stretched) and fitted.finds(stretched)


def test_where_the_truth_is_uncertain_only_surely_wrong_estimates_count():
    near, far = (MeasuredAttempt(SURE, error, np.zeros(4), truth_px=4.0) for error in (8.9, 9.1))
    assert (near.right, near.judged, far.right, far.judged) == (True, False, False, True)
    known = MeasuredAttempt(SURE, 5.1, np.zeros(4), truth_px=2.4)
    assert known.judged and not known.right


def test_estimates_that_are_neither_right_nor_wrong_change_no_calibration():
    measured = [[m] for m in simulated(300) + unrelated(40)]
    uncertain = [[replace(m, error_px=6.0, truth_px=4.0)] for m in simulated(100, seed=9)]
    assert fit(measured + uncertain) == fit(measured)
    wrong = [[replace(m, error_px=60.0, truth_px=4.0)] for m in simulated(100, seed=9)]
    sure, less_sure = (fit(each).log_odds(features()) for each in (measured, measured + wrong))
    assert less_sure < sure - 1


@pytest.mark.parametrize("heavy", [False, True])
def test_the_95_percent_bounds_of_the_corners_hold_in_95_percent(heavy):
    """Errors of the parameters that go together, or in one tail, exceed bounds by each alone."""
    rng = np.random.default_rng(12)
    covariance = np.diag([0.01, 0.01, 1.0, 1.0]) ** 2
    made = []
    for m in simulated(600, seed=10):
        pulls = rng.normal(size=4) * (rng.choice([1.0, 6.0], p=[0.9, 0.1]) if heavy else 1.0)
        made.append(replace(m, pulls=pulls, covariance=covariance, corners=CORNERS))
    fitted = fit([[m] for m in made])
    scale = np.array(fitted.error_scales[WHOLE_VIEW].interval_scale)
    held = np.mean([m.bound_ratio(scale) <= 1 for m in made if m.right])
    assert held == pytest.approx(0.95, abs=0.01 if heavy else 0.05)


def test_too_few_right_attempts_give_no_error_scale():
    assert fit([[m] for m in simulated(300)]).error_scales[INTENSITY] == UNSCALED


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
    more = replace(known.evidence, information=known.evidence.information * 4)
    smaller = covariance(replace(known, evidence=more))
    assert np.allclose(smaller, covariance(known) / 4)
    assert np.allclose(covariance(known), np.linalg.inv(2 * INFORMATION))


def test_a_mirrored_image_is_preferred_only_where_it_is_found_and_more_probable():
    assert BUNDLED.prefers_mirrored(HOPELESS, SURE)
    assert not BUNDLED.prefers_mirrored(SURE, SURE)
    assert not BUNDLED.prefers_mirrored(HOPELESS, HOPELESS)
    assert not BUNDLED.prefers_mirrored(HOPELESS, None)


@pytest.mark.parametrize("places", [2, 5])
def test_an_estimate_that_may_be_one_of_several_places_has_a_large_expected_error(places: int) -> None:
    alone, among = BUNDLED.expected_error_px(SURE), BUNDLED.expected_error_px(SURE, places)
    assert among == pytest.approx(alone / places + (1 - 1 / places) * BUNDLED.wrong_px)


def attempts_at(source: str, width: float, count: int, kind: str = "multi", seed: int = 0) -> list:
    """Return right attempts of one specimen whose errors are ``width`` times the uncertainty on average."""
    rng = np.random.default_rng(seed)
    found = replace(SURE, final_stage=WHOLE_VIEW, final_uncertainty_px=1.0)
    pulls = width * rng.normal(size=(count, 4))
    errors = width * rng.uniform(0.5, 1.5, count)
    return [
        MeasuredAttempt(found, float(error), pull, kind, source)
        for error, pull in zip(errors, pulls, strict=True)
    ]


def scales(measured: list) -> ErrorScale:
    return choose_thresholds(UNCALIBRATED, [[m] for m in measured]).error_scales[WHOLE_VIEW]


def test_error_bars_hold_at_the_specimen_with_the_largest_errors():
    easy, hard = attempts_at("easy_Fe", 0.1, 200), attempts_at("hard_Fe", 0.9, 40, seed=1)
    found = scales(easy + hard)
    assert found.uncertainty_scale * found.mean_over_median == pytest.approx(0.9, rel=0.1)
    assert found.interval_scale == pytest.approx([0.9] * 4, rel=0.4)
    few = scales(easy + attempts_at("hard_Fe", 0.9, 19))
    assert few.uncertainty_scale == pytest.approx(0.1, rel=0.1)
    one_modality = scales(easy + attempts_at("hard", 0.9, 40, kind="mono"))
    assert one_modality.uncertainty_scale == pytest.approx(0.1, rel=0.1)


def test_elements_of_one_specimen_are_one_specimen():
    found = scales(
        attempts_at("a_Fe", 0.1, 100) + attempts_at("b_Fe", 0.9, 12) + attempts_at("b_Si", 0.9, 12)
    )
    assert found.uncertainty_scale > 0.5  # of the 24 together; 0.1 of the other one


def test_shifts_along_x_and_y_have_one_scale():
    measured = attempts_at("a_Fe", 1.0, 400)
    measured = [replace(m, pulls=m.pulls * [1, 1, 1, 3]) for m in measured]
    found = scales(measured).interval_scale
    assert found[2] == found[3] and 1.5 < found[2] < 3 and found[0] == pytest.approx(1, abs=0.2)
