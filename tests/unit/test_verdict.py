"""The verdict and its reason: every rule changes a verdict where it alone applies."""

from dataclasses import replace

import numpy as np
import pytest
from support.quality_features import BUNDLED, HOPELESS, SURE, features

from xebra.estimate.affine_residual import AffineResidual
from xebra.estimate.confidence import MIN_SCORE_MARGIN
from xebra.estimate.quality_features import INTENSITY
from xebra.estimate.verdict import Findings, decide

PLAIN = Findings(width_px=256, tolerance_px=5.12)
UNSURE = replace(BUNDLED, review_probability=0.0, accept_probability=1.01)


def verdict(found=SURE, findings=PLAIN, confidence=BUNDLED):
    return decide(confidence, found, findings)


def test_a_sure_and_precise_estimate_is_accepted():
    assert verdict() == ("accept", "the network and mutual information find the same position")
    assert "pixel intensities find" in verdict(replace(SURE, final_stage=INTENSITY))[1]


def test_an_unsupported_estimate_is_refused_with_what_to_check():
    word, reason = verdict(HOPELESS)
    assert word == "refuse" and "same specimen" in reason and "counts" in reason


@pytest.mark.parametrize(
    ("findings", "word", "reason"),
    [
        ({"period_px": 20.0}, "review", "repeats every 20 px"),
        ({"mirrored": True}, "refuse", "mirror=True"),
        ({"spacing_scale": 1.12}, "review", "1.120 times"),
        ({"spacing_scale": 0.9}, "review", "pixel sizes contradict"),
        ({"other_spacing_scale": 1.5}, "refuse", "1.500 times"),
    ],
)
def test_each_finding_stands_in_the_way_of_acceptance(findings, word, reason):
    found = verdict(findings=replace(PLAIN, **findings))
    assert found[0] == word and reason in found[1]


def test_a_small_error_of_the_pixel_sizes_is_accepted():
    assert verdict(findings=replace(PLAIN, spacing_scale=1.04))[0] == "accept"


def test_an_estimate_without_a_margin_is_for_review():
    word, reason = verdict(replace(SURE, score_margin=MIN_SCORE_MARGIN - 0.1))
    assert word == "review" and "another rotation, scale or position" in reason


def test_an_imprecise_estimate_that_is_extrapolated_is_for_review_with_the_remedy():
    vague = replace(SURE, final_uncertainty_px=60.0)
    word, reason = verdict(replace(vague, extrapolation=2.2))
    assert word == "review" and "crop the images" in reason
    assert "crop the images" not in verdict(replace(vague, extrapolation=1.2))[1]
    assert verdict(replace(SURE, extrapolation=2.2))[0] == "accept"


def test_the_tolerance_is_in_px_of_the_fixed_image():
    expected = BUNDLED.expected_error_px(SURE)
    for width in (64, 256, 4096):
        exact = expected * width / 256
        assert verdict(findings=Findings(width, 1.01 * exact))[0] == "accept"
        word, reason = verdict(findings=Findings(width, 0.99 * exact))
        assert word == "review" and f"{exact:.1f} px" in reason


def test_an_error_that_may_exceed_the_tolerance_is_stated():
    scale = BUNDLED.error_scales[SURE.final_stage]
    px = 2.7 / (scale.mean_over_median * scale.uncertainty_scale)
    word, reason = verdict(
        replace(SURE, final_uncertainty_px=px), replace(PLAIN, width_px=512, tolerance_px=9)
    )
    assert word == "review" and "can reach 10.5 px, above the limit of 10.0 px" in reason


def test_a_final_estimate_far_from_the_network_s_is_for_review():
    far = replace(SURE, network_distance_px=5.7)
    word, reason = verdict(far, replace(PLAIN, width_px=512, tolerance_px=10.24))
    assert word == "review" and "network and mutual information differ by 11.4 px" in reason
    near = replace(SURE, network_distance_px=1.0)
    assert verdict(near, replace(PLAIN, width_px=512, tolerance_px=10.24))[0] == "accept"


@pytest.mark.parametrize(
    ("changes", "known", "reason"),
    [
        ({"independent_disagreement_px": 9.0}, {}, "differ by 36.0 px"),
        ({"half_disagreement_px": 9.0}, {"um_per_px": 0.05}, "differ by 36.0 px (1.80 µm)"),
        ({}, {"period_px": 20.0, "um_per_px": 0.05}, "repeats every 20 px (1.00 µm)"),
        ({}, {"tolerance_px": 0.0, "um_per_px": 2e-3}, "tolerance of 0.0 px (0.00 pm)"),
    ],
)
def test_reasons_state_lengths_in_px_of_the_fixed_image_and_in_um(changes, known, reason):
    confidence = UNSURE if changes else BUNDLED
    found = verdict(replace(SURE, **changes), replace(PLAIN, width_px=1024, **known), confidence)[1]
    assert reason in found and "at 256" not in found and ("m)" in found) == ("um_per_px" in known)


def test_a_tilt_is_named_with_its_size():
    word, reason = verdict(replace(SURE, affine=AffineResidual(0.03, 90.0)))
    assert (
        word == "review" and "stretched by 6.0 % along 90 degrees" in reason and "about 20 degrees" in reason
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"score_margin": 0.0}, "another rotation, scale or position"),
        ({"coverage": 0.2}, "only 20 % of the fixed image"),
        ({"independent_disagreement_px": 9.0}, "network and mutual information differ by 9.0 px"),
        (
            {"independent_disagreement_px": 4.0, "final_stage": INTENSITY},
            "network and pixel intensities differ by 4.0 px",
        ),
        ({"half_disagreement_px": 9.0}, "estimates from two halves of the image differ by 9.0 px"),
        ({}, "correlate weakly"),
    ],
)
def test_the_reason_names_the_weakest_feature(changes, reason):
    assert reason in verdict(replace(SURE, **changes), confidence=UNSURE)[1]


def test_the_verdict_is_monotonic_in_the_evidence():
    ranks = {"refuse": 0, "review": 1, "accept": 2}
    steps = [
        replace(
            features(v, v / 2, *[9 / v] * 3),
            agreement=replace(SURE.agreement, share=min(1, v / 60), surprise=v / 2),
        )
        for v in np.geomspace(1, 60)
    ]
    verdicts = [ranks[verdict(step)[0]] for step in steps]
    assert verdicts == sorted(verdicts) and {0, 2} <= set(verdicts)


def test_refusal_needs_a_probability_below_its_threshold():
    probability = BUNDLED.probability(HOPELESS)
    assert (
        verdict(HOPELESS, confidence=replace(BUNDLED, review_probability=probability * 1.01))[0] == "refuse"
    )
    assert (
        verdict(HOPELESS, confidence=replace(BUNDLED, review_probability=probability * 0.99))[0] == "review"
    )
