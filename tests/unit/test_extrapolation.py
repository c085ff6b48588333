"""The error at the corners of a view that a small specimen does not fill."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from support.instrument_scenes import texture
from support.quality_features import SURE

import xebra
from xebra.estimate import final_stage
from xebra.estimate.displacement import Evidence
from xebra.estimate.extrapolation import extrapolation, with_extrapolation
from xebra.estimate.image_pair import Candidate, ImagePair
from xebra.estimate.quality_features import BLOCKS, CALIBRATED, EXPONENT, UNDETERMINED_PX, uncertainty_px
from xebra.image import Image
from xebra.resample import resample
from xebra.transform import SimilarityTransform, corners, image_center

FEW = settings(max_examples=20, deadline=None, derandomize=True)
SHAPE = (256, 256)
UNMOVED = Candidate(
    np.eye(3), 1.0, Evidence(np.zeros(4), np.ones((2, 4)), np.stack([np.eye(4)] * 2), 1.0), 256
)
PLACES = st.tuples(st.floats(40, 216), st.floats(40, 216))


def grain(seed: int, place: tuple[float, float], radius: float, noise: float = 0.0) -> np.ndarray:
    """Return a textured disc (256, 256) on an even ground."""
    rng, (y, x) = np.random.default_rng(seed), np.mgrid[: SHAPE[0], : SHAPE[1]]
    inside = ndimage.gaussian_filter((np.hypot(x - place[0], y - place[1]) < radius) * 1.0, 1)
    return inside * texture(SHAPE, seed, 2.0) + noise * rng.normal(size=SHAPE)


def extrapolated(*images: np.ndarray) -> float:
    return extrapolation(ImagePair(*(Image(each.astype(np.float32)) for each in images)), UNMOVED)


def corner_error_of_fit(points: np.ndarray) -> float:
    """Return the rms error at the corners of similarities fitted to points (N, 2) of error 1 / sqrt(N)."""
    random, (at, places) = np.random.default_rng(1), (each @ [1, 1j] for each in (corners(SHAPE), points))
    errors = random.normal(size=(2, len(points), 300)).T @ [1, 1j] / np.sqrt(len(points))
    fitted = np.linalg.lstsq(np.stack([places, np.ones(len(points))], 1), errors.T, rcond=None)[0]
    return float(np.sqrt(np.mean(np.abs(np.stack([at, np.ones(4)], 1) @ fitted) ** 2)))


@FEW
@given(seed=st.integers(0, 999), height=st.integers(100, 400), width=st.integers(100, 400))
def test_structure_all_over_the_view_is_not_extrapolated(seed, height, width):
    images = [Image(texture((height, width), seed + number)) for number in (0, 1)]
    assert extrapolation(ImagePair(*images), UNMOVED) == pytest.approx(1.0, abs=0.25)


@FEW
@given(seed=st.integers(0, 999), place=PLACES, radius=st.floats(24, 40), noise=st.sampled_from([0.0, 0.02]))
def test_the_corners_of_a_small_specimen_s_view_are_off_as_those_of_a_similarity_fitted_to_its_px(
    seed, place, radius, noise
):
    """Its outline is what shows most structure: the points lie on it. Noise spreads over the view."""
    rng, turns = np.random.default_rng(seed), np.linspace(0, 2 * np.pi, 400, endpoint=False)
    ring = np.array(place) + radius * np.column_stack([np.cos(turns), np.sin(turns)])
    inside = np.all((ring > 6) & (ring < 249), axis=1)
    ratio = corner_error_of_fit(ring[inside]) / corner_error_of_fit(rng.uniform(0, 255, (400, 2)))
    found = extrapolated(*(grain(seed + number, place, radius, noise) for number in (0, 1)))
    assert (0.5 if noise else 0.75) * ratio < found < 1.35 * ratio


def test_only_what_both_images_show_counts():
    filled, corner = texture(SHAPE, 1), grain(2, (50, 60), 30)
    assert extrapolated(filled, filled) < 1.2
    assert extrapolated(filled, corner) == pytest.approx(extrapolated(corner, corner), rel=0.1)
    assert extrapolated(corner, filled) > CALIBRATED
    shifted = Candidate(SimilarityTransform(1.0, 0.0, (190, 0), image_center(SHAPE)).matrix, 1.0)
    images = ImagePair(Image(filled), Image(filled))
    assert extrapolation(images, shifted) > 1.4  # a quarter of the view is covered


def test_images_that_do_not_overlap_are_not_extrapolated():
    apart = Candidate(SimilarityTransform(1.0, 0.0, (400, 0), image_center(SHAPE)).matrix, 1.0)
    assert extrapolation(ImagePair(Image(texture(SHAPE)), Image(texture(SHAPE))), apart) == 1.0


@FEW
@given(st.floats(0.5, 6.0))
def test_the_uncertainty_grows_with_the_extrapolation(extrapolated_by):
    before, after = uncertainty_px(UNMOVED), uncertainty_px(with_extrapolation(UNMOVED, extrapolated_by))
    assert after == pytest.approx(before * max(1.0, extrapolated_by / CALIBRATED) ** EXPONENT)


def test_an_extrapolated_estimate_by_blocks_is_not_undetermined():
    near = replace(SURE, final_stage=BLOCKS, final_uncertainty_px=0.8 * UNDETERMINED_PX)
    far = replace(near, final_uncertainty_px=1.3 * UNDETERMINED_PX)
    assert not near.is_undetermined and far.is_undetermined
    assert not replace(far, extrapolation=1.3 * CALIBRATED).is_undetermined


def test_a_small_specimen_in_a_corner_is_for_review_with_what_to_change(monkeypatch):
    """Bright parts of one image are dark or bright in the other, so that the network's evidence counts."""
    known = SimilarityTransform(1.03, 0.1, (4, -3), image_center(SHAPE)).matrix
    rng, (y, x) = np.random.default_rng(0), np.mgrid[: SHAPE[0], : SHAPE[1]]
    turn = np.arctan2(y - 70, x - 66)
    outline = 36 * (1 + 0.15 * np.sin(3 * turn) + 0.1 * np.sin(5 * turn))
    inside = ndimage.gaussian_filter(1.0 * (np.hypot(x - 66, y - 70) < outline), 1)
    shade = texture(SHAPE, 0, 5.0)
    one, other = inside * (shade - 0.15), inside * (2 * np.abs(shade - 0.45) - 0.8)
    views = 0.15 + one, 0.8 + resample(other, np.linalg.inv(known), SHAPE)
    images = [(view + 0.01 * rng.normal(size=SHAPE)).astype(np.float32) for view in views]
    found = xebra.register(*images)
    assert found.verdict == "review" and "crop the images" in found.reason
    monkeypatch.setattr(final_stage, "extrapolation", lambda *_: 1.0)
    before = xebra.register(*images)
    assert before.verdict == "accept"
    assert found.expected_corner_error_px > 1.5 * before.expected_corner_error_px
    assert np.all(np.diag(found.covariance) > 1.5 * np.diag(before.covariance))
