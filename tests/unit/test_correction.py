"""A result under a transform that was set by hand."""

from __future__ import annotations

import doctest

import numpy as np
import pytest

from xebra import file_names
from xebra.correction import corrected
from xebra.registration import Registration
from xebra.transform import SimilarityTransform, image_center, transform_of

WHO = {"by": "jo", "at": "2026-03-01T09:30:00+00:00", "note": "by the fiducials", "id": "1"}


@pytest.mark.parametrize("mirror", [False, True])
def test_parameters_are_those_of_the_new_transform(registration, mirror):
    found = registration(fixed_spacing=0.5, angle=0.1)
    body = found.to_json()
    place = SimilarityTransform(1.2, 0.3, (4.0, -2.0), image_center(found.moving.shape), mirror)
    new = corrected(body, place.matrix.tolist(), **WHO)
    assert (new["scale"], new["mirror"]) == (pytest.approx(1.2), mirror)
    assert new["angle_deg"] == pytest.approx(np.degrees(0.3))
    shift = place(np.array(image_center(found.moving.shape))) - image_center(found.fixed.shape)
    assert new["shift_px"] == pytest.approx(shift.tolist())
    assert new["shift_um"] == pytest.approx((shift * 0.5).tolist())
    np.testing.assert_allclose(np.array(new["moving_from_fixed"]) @ place.matrix, np.eye(3), atol=1e-12)


def test_what_the_estimator_said_of_its_own_transform_is_left_out(registration):
    body = registration(fixed_spacing=None, angle=0.1).to_json()
    new = corrected(body, np.eye(3).tolist(), **WHO)
    assert set(new) == set(body)
    for name in ("intervals", "covariance", "search", "expected_corner_error_px", "expected_corner_error_um"):
        assert new[name] is None
    assert (new["verdict"], new["correction"]) == ("corrected", WHO)
    assert new["reason"] == "corrected by hand by jo on 2026-03-01 at 09:30 UTC: by the fiducials"


def test_a_sheared_transform_is_kept_exactly(registration):
    found = registration(fixed_spacing=0.5, angle=0.1)
    matrix = np.array([[1.1, 0.2, 3.0], [0.0, 0.9, -4.0], [0, 0, 1.0]])
    body = corrected(found.to_json(), matrix.tolist(), **WHO)
    loaded = Registration.from_json(body, found.fixed, found.moving)
    np.testing.assert_array_equal(loaded.fixed_from_moving, matrix)
    assert loaded.to_json()["correction"] == WHO
    np.testing.assert_allclose(loaded.moving_from_fixed, np.linalg.inv(matrix))


def test_a_matrix_that_is_no_similarity_is_described_with_its_stretch(registration):
    exact = SimilarityTransform(0.7, -2.0, (5.0, 6.0), (10.0, 20.0), mirror=True)
    found = transform_of(exact.matrix, (1.0, 2.0))
    np.testing.assert_allclose(found.matrix, exact.matrix, atol=1e-12)
    sheared = np.array([[1.1, 0.2, 3.0], [0.0, 0.9, -4.0], [0, 0, 1.0]])
    body = corrected(registration(fixed_spacing=0.5, angle=0.1).to_json(), sheared.tolist(), **WHO)
    assert body["transform_model"] == "affine" and body["stretch"]["ratio"] > 1.2
    assert body["scale"] == pytest.approx(np.sqrt(1.1 * 0.9))


def test_file_names_carry_those_of_the_images():
    assert doctest.testmod(file_names).failed == 0
    assert file_names.stem("../../etc/passwd") == "passwd" and file_names.stem("...") == "image"
    assert len(file_names.stem("a" * 300 + ".tif")) <= 80
