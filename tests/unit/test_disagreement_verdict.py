"""The expected error follows the measured calibration, the verdict follows the expected error."""

import numpy as np
import pytest

from xebra.estimate.disagreement_verdict import ACCEPT_PX, REFUSE_PX, decide_verdict
from xebra.evaluation.fit_disagreement_calibration import fit


@pytest.fixture(scope="module")
def measured():
    """Pairs whose true error grows with the disagreement, with scatter."""
    rng = np.random.default_rng(4)
    disagreement = rng.gamma(2, 3, 600)
    return disagreement, np.abs(disagreement * 0.8 + 1 + rng.normal(0, 1.5, 600))


def test_expected_error_is_the_mean_error_at_such_a_disagreement(measured):
    calibration = fit(*measured)
    disagreement, error = measured
    expected = np.array([calibration.expected_error_px(d) for d in disagreement])
    for fifth in np.array_split(np.argsort(expected), 5):
        assert expected[fifth].mean() == pytest.approx(error[fifth].mean(), rel=0.15)


def test_expected_error_never_falls_as_disagreement_grows(measured):
    calibration = fit(*measured)
    expected = [calibration.expected_error_px(d) for d in np.linspace(0, 200, 400)]
    assert (np.diff(expected) >= 0).all()


def test_beyond_the_calibration_the_error_is_at_least_the_disagreement(measured):
    assert fit(*measured).expected_error_px(500) >= 500


def test_estimates_that_differ_are_not_accepted_however_small_the_expected_error():
    assert decide_verdict(1.0, ACCEPT_PX)[0] == "review"
    assert decide_verdict(1.0, REFUSE_PX)[0] == "refuse"


@pytest.mark.parametrize(
    ("expected_px", "verdict"),
    [
        (0.5, "accept"),
        (ACCEPT_PX, "review"),
        (REFUSE_PX - 0.1, "review"),
        (REFUSE_PX, "refuse"),
        (90, "refuse"),
    ],
)
def test_the_larger_the_expected_error_the_stricter_the_verdict(expected_px, verdict):
    found, reason = decide_verdict(expected_px, disagreement_px=expected_px / 2)
    assert found == verdict
    assert f"{expected_px / 2:.1f} px" in reason


def test_the_disagreement_is_stated_in_px_of_the_fixed_image_and_in_um():
    for disagreement in (1.0, 8.0, 40.0):
        assert f"{4 * disagreement:.1f} px" in decide_verdict(1.0, disagreement, 1024)[1]
    assert "32.0 px (640 nm)" in decide_verdict(1.0, 8.0, 1024, 0.02)[1]
