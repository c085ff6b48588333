"""A result is consistent in pixels, micrometres, JSON and its registered image."""

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xebra.transform import image_center, map_points

FUNCTION_FIXTURE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@FUNCTION_FIXTURE
@given(
    scale=st.floats(0.5, 2),
    angle=st.floats(-3, 3),
    shift=st.tuples(st.floats(-50, 50), st.floats(-50, 50)),
    mirror=st.booleans(),
)
def test_four_parameters_and_both_matrices_agree(registration, scale, angle, shift, mirror):
    found = registration((90, 130), (100, 70), scale=scale, angle=angle, translation=shift, mirror=mirror)
    assert (found.scale, found.angle_deg) == pytest.approx((scale, math.degrees(angle)))
    assert found.shift_px == pytest.approx(shift, abs=1e-9)
    landed = map_points(found.fixed_from_moving, image_center((100, 70)))
    assert landed == pytest.approx(np.add(image_center((90, 130)), shift))
    np.testing.assert_allclose(found.moving_from_fixed @ found.fixed_from_moving, np.eye(3), atol=1e-9)


@FUNCTION_FIXTURE
@given(st.floats(1e-4, 100), st.tuples(st.floats(-50, 50), st.floats(-50, 50)))
def test_micrometres_are_fixed_pixels_times_the_fixed_spacing(registration, spacing, shift):
    found = registration(translation=shift, fixed_spacing=spacing, moving_spacing=123.0)
    assert found.shift_um == pytest.approx(np.multiply(found.shift_px, spacing))
    assert found.expected_corner_error_um == pytest.approx(0.84 * spacing)


def test_without_the_fixed_spacing_nothing_is_in_micrometres(registration):
    found = registration(moving_spacing=0.5)
    assert found.shift_um is None
    assert found.expected_corner_error_um is None
    assert found.to_json()["shift_um"] is None


def test_intervals_are_196_standard_deviations_of_each_parameter(registration):
    spreads = np.array([0.01, 0.002, 0.5, 0.25])
    found = dataclasses.replace(registration(scale=2.0), covariance=np.diag(spreads**2))
    assert found.intervals["scale"] == pytest.approx(1.96 * 2.0 * 0.01)
    assert found.intervals["angle_deg"] == pytest.approx(1.96 * math.degrees(0.002))
    assert found.intervals["shift_px"] == pytest.approx([0.98, 0.49])
    assert found.to_json()["intervals"] == found.intervals
    assert registration().to_json()["intervals"] is None


def test_registered_lies_on_the_fixed_grid_with_the_moving_dtype(registration):
    found = registration((90, 130), (100, 70), scale=0.7, angle=0.4)
    assert found.registered.shape == found.coverage.shape == (90, 130)
    assert found.registered.dtype == np.uint16
    assert not found.registered[~found.coverage].any()


def test_json_holds_everything_but_the_pixels(registration):
    result = json.loads(json.dumps(registration(fixed_spacing=0.5, angle=0.1).to_json(), allow_nan=False))
    assert result["angle_deg"] == pytest.approx(math.degrees(0.1))
    assert (result["fixed"]["pixel_spacing_um"], result["moving"]["pixel_spacing_um"]) == (0.5, None)
    assert result["fixed"]["shape"] == [120, 160]
    assert result["model"]["weights_sha256"] == "ab" * 32
