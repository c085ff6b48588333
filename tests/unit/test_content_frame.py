"""Images of which padding takes a large part are compared within the rectangle that shows something."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from support.instrument_scenes import field_stop, padding, texture

from xebra.engine import open_engine
from xebra.estimate.affine_covariance import affine_parameters, changed, converted_covariance
from xebra.estimate.content_frame import LARGEST, ContentFrames, least_rectangle
from xebra.estimate.pyramid_estimator import PyramidEstimator
from xebra.image import Image
from xebra.reshaping import reshaped
from xebra.transform import AffineTransform, SimilarityTransform, corner_error, image_center
from xebra.weights import weights

FEW = settings(max_examples=40, deadline=None, derandomize=True)
SHAPE = (240, 260)


def turned_rectangle(shape, degrees: float, sides, aside=(0.0, 0.0)) -> np.ndarray:
    """Return a mask of a rectangle of ``sides`` (rows, columns) px about the centre of an image."""
    y, x = (
        np.mgrid[: shape[0], : shape[1]] - np.array([(shape[0] - 1) / 2, (shape[1] - 1) / 2])[:, None, None]
    )
    angle = np.radians(degrees)
    along = (x - aside[0]) * np.cos(angle) + (y - aside[1]) * np.sin(angle)
    down = (y - aside[1]) * np.cos(angle) - (x - aside[0]) * np.sin(angle)
    return (np.abs(along) <= sides[1] / 2) & (np.abs(down) <= sides[0] / 2)


@given(st.floats(-40, 40), st.integers(90, 150), st.integers(90, 150), st.floats(-10, 10), st.floats(-10, 10))
@FEW
def test_the_least_rectangle_holds_the_mask_and_little_else(degrees, rows, columns, right, down) -> None:
    mask = turned_rectangle(SHAPE, degrees, (rows, columns), (right, down))
    found = least_rectangle(mask)
    assert found is not None
    image_from_frame, shape = found
    upright = np.ptp(np.argwhere(mask), 0) + 1
    assert shape[0] * shape[1] <= 1.02 * upright.prod() + 200
    if abs(degrees) > 6:
        assert sorted(shape) == pytest.approx(sorted((rows, columns)), abs=3)
    np.testing.assert_allclose(image_from_frame[:2, :2] @ image_from_frame[:2, :2].T, np.eye(2), atol=1e-9)
    places = np.c_[np.argwhere(mask)[:, ::-1], np.ones(mask.sum())] @ np.linalg.inv(image_from_frame).T
    assert places[:, :2].min() > -0.51
    assert (places[:, :2].max(0) < np.array(shape[::-1]) - 0.49).all()
    angle = np.degrees(np.arctan2(image_from_frame[1, 0], image_from_frame[0, 0]))
    assert abs(angle) <= 45


@pytest.mark.parametrize("radius", [60, 90])
def test_a_disc_has_an_upright_rectangle(radius) -> None:
    y, x = np.mgrid[:240, :240] - 120
    found = least_rectangle(np.hypot(x, y) <= radius)
    assert found is not None
    np.testing.assert_array_equal(found[0][:2, :2], np.eye(2))
    assert found[1] == (2 * radius + 1, 2 * radius + 1)


@pytest.mark.parametrize("places", [[], [(5, 5)], [(5, 5), (5, 9), (5, 30)]])
def test_a_mask_without_an_area_has_none(places) -> None:
    mask = np.zeros(SHAPE, bool)
    for place in places:
        mask[place] = True
    assert least_rectangle(mask) is None


def image_of(mask: np.ndarray, seed: int = 0) -> Image:
    return Image(np.where(mask, texture(mask.shape, seed) + 1, 0).astype(np.float32), mask=mask)


def test_images_that_are_nearly_whole_or_very_large_stay_as_they_are() -> None:
    whole = turned_rectangle(SHAPE, 0, (230, 250))
    assert whole.mean() > LARGEST and ContentFrames.of(image_of(whole), image_of(whole)) is None
    large = np.zeros((2100, 2100), bool)
    large[500:1200, 500:1200] = True
    assert ContentFrames.of(image_of(large), image_of(large)) is None


def test_images_of_one_shape_have_one_frame() -> None:
    masks = turned_rectangle(SHAPE, 12, (170, 170)), turned_rectangle(SHAPE, 12, (150, 180), (4, 3))
    frames = ContentFrames.of(*(image_of(mask) for mask in masks))
    assert frames is not None
    np.testing.assert_array_equal(frames.fixed.image_from_frame, frames.moving.image_from_frame)
    assert frames.fixed.image.shape == frames.moving.image.shape
    for mask, frame in zip(masks, (frames.fixed, frames.moving), strict=True):
        assert frame.image.mask is not None
        assert np.count_nonzero(frame.image.mask) == pytest.approx(np.count_nonzero(mask), rel=0.03)


def test_one_whole_image_of_the_same_shape_keeps_both_whole() -> None:
    whole, part = np.ones(SHAPE, bool), turned_rectangle(SHAPE, 12, (150, 150))
    assert ContentFrames.of(image_of(whole), image_of(part)) is None


def test_scans_turned_differently_have_frames_of_their_own() -> None:
    masks = turned_rectangle(SHAPE, 30, (170, 170)), turned_rectangle(SHAPE, -25, (170, 170))
    frames = ContentFrames.of(*(image_of(mask) for mask in masks))
    assert frames is not None
    for frame in (frames.fixed, frames.moving):
        assert frame.image.shape == pytest.approx((171, 171), abs=3)


def test_a_part_shows_what_the_image_shows() -> None:
    image = image_of(turned_rectangle(SHAPE, 20, (150, 170)))
    frames = ContentFrames.of(image, image)
    assert frames is not None
    part, mask = frames.fixed.image, frames.fixed.image.mask
    rows, columns = np.nonzero(ndimage.binary_erosion(mask, iterations=3))
    places = np.c_[columns, rows, np.ones(len(rows))] @ frames.fixed.image_from_frame.T
    expected = ndimage.map_coordinates(image.pixels, places[:, 1::-1].T, order=1)
    lowest = image.pixels[image.mask].min()
    np.testing.assert_allclose(part.pixels[rows, columns], expected - lowest, atol=1e-3)


@pytest.mark.parametrize("offset", [0, 2**30, -(2**30)])
def test_counts_with_a_large_offset_keep_their_steps(offset) -> None:
    mask = turned_rectangle(SHAPE, 20, (150, 170))
    counts = np.where(mask, 1 + np.random.default_rng(6).poisson(20, SHAPE), 0)
    small, large = (Image((counts + each).astype(np.int32), mask=mask) for each in (0, offset))
    found = [ContentFrames.of(image, image) for image in (small, large)]
    assert found[0] is not None and found[1] is not None
    parts = [frames.fixed.image for frames in found]
    inside = ndimage.binary_erosion(parts[0].mask, iterations=2)
    np.testing.assert_array_equal(parts[0].pixels[inside], parts[1].pixels[inside])
    assert len(np.unique(parts[1].pixels[inside])) > 100
    tilted = [reshaped(image, np.diag([1.0, 1.3])).image for image in (small, large)]
    seen = ndimage.binary_erosion(tilted[0].mask, iterations=2)
    np.testing.assert_array_equal(tilted[0].pixels[seen], tilted[1].pixels[seen])


def views(seed: int, matrix: np.ndarray, shape=(256, 256)) -> tuple[np.ndarray, np.ndarray]:
    """Return a texture and another contrast of it; ``matrix`` is moving_from_fixed."""
    big = texture((512, 512), seed, 5.0)
    back = np.linalg.inv(matrix)
    moving = ndimage.affine_transform(
        big, back[1::-1, 1::-1], back[1::-1, 2] + 128, shape, order=3, mode="reflect"
    )
    rng = np.random.default_rng(seed)
    fixed = big[128 : 128 + shape[0], 128 : 128 + shape[1]] + rng.normal(0, 0.02, shape)
    return fixed + 3, np.abs(moving - np.median(big)) + rng.normal(0, 0.02, shape) + 3


CASES = {
    "turned scan": (lambda v: padding(v, 12.0, 0.78)[0], lambda v: padding(v, 12.0, 0.78)[0]),
    "turned differently": (lambda v: padding(v, 30.0, 0.72)[0], lambda v: padding(v, -25.0, 0.72)[0]),
    "field stop": (
        lambda v: field_stop(v, radii=(0.4, 0.4))[0],
        lambda v: field_stop(v, radii=(0.4, 0.4))[0],
    ),
}


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("model", ["similarity", "affine"])
def test_a_result_of_parts_is_one_of_the_images(case, model) -> None:
    matrix = SimilarityTransform(1.05, np.radians(9), (6.0, -4.0), image_center((256, 256))).matrix
    fixed, moving = (
        Image(draw(view).astype(np.float32)) for draw, view in zip(CASES[case], views(3, matrix), strict=True)
    )
    estimator = PyramidEstimator(weights(), open_engine())
    found = estimator.find(fixed, moving, model=model)
    assert found.frames is not None
    error = corner_error(np.linalg.inv(found.moving_from_fixed) @ matrix, np.eye(3), fixed.shape)
    estimate = estimator.estimate(fixed, moving, model=model)
    assert estimate.search is not None
    angles, scores = np.array(estimate.search.angles_deg), np.array(estimate.search.scores)
    assert (np.diff(angles) > 0).all() and angles[0] >= 0 and angles[-1] < 360
    highest = angles[scores.max(0).argmax()]
    assert abs((highest - np.degrees(estimate.transform.angle) + 180) % 360 - 180) <= 5.1
    assert estimate.verdict == "accept" and error < 1.0
    assert error < 3 * estimate.expected_corner_error_px + 0.05
    assert estimate.covariance is not None
    truth = affine_parameters(np.linalg.inv(matrix), moving.shape)
    off = affine_parameters(estimate.transform.matrix, moving.shape) - truth
    count = len(estimate.covariance)
    assert count == (6 if model == "affine" else 4)
    assert (np.abs(off[:count]) < 4 * np.sqrt(np.diag(estimate.covariance))).all()


@pytest.mark.parametrize("model", ["translation", "rigid"])
def test_models_that_hold_the_angle_compare_whole_images(model) -> None:
    matrix = SimilarityTransform(1.0, 0.0, (6.0, -4.0), image_center((256, 256))).matrix
    fixed, moving = (Image(padding(view, 12.0, 0.78)[0].astype(np.float32)) for view in views(4, matrix))
    found = PyramidEstimator(weights(), open_engine()).find(fixed, moving, model=model)
    assert found.frames is None
    assert corner_error(np.linalg.inv(found.moving_from_fixed) @ matrix, np.eye(3), fixed.shape) < 1.0


def test_a_mirrored_image_is_recognised_between_parts() -> None:
    fixed, moving = (padding(view, 12.0, 0.78)[0].astype(np.float32) for view in views(5, np.eye(3)))
    mirrored = padding(views(5, np.eye(3))[1][:, ::-1], 12.0, 0.78)[0].astype(np.float32)
    estimator = PyramidEstimator(weights(), open_engine())
    assert estimator.estimate(Image(fixed), Image(moving)).verdict == "accept"
    verdict = estimator.estimate(Image(fixed), Image(mirrored))
    assert verdict.verdict == "refuse" and "mirrored" in verdict.reason


@given(st.integers(0, 1000), st.floats(-180, 180), st.floats(-40, 40))
@FEW
def test_a_converted_covariance_is_that_of_the_converted_parameters(seed, degrees, shift) -> None:
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(4, 4)) * np.array([1e-3, 1e-3, 0.2, 0.2])[:, None]
    known = root @ root.T
    before = AffineTransform.from_matrix(
        SimilarityTransform(1.2, 0.4, (5.0, 3.0), image_center((200, 200))).matrix, image_center((200, 200))
    )
    fixed_from_frame = SimilarityTransform(1.0, np.radians(degrees), (shift, 7.0)).matrix
    moving_from_frame = SimilarityTransform(1.0, 0.3, (-9.0, shift)).matrix

    def converted(matrix: np.ndarray) -> np.ndarray:
        return fixed_from_frame @ matrix @ np.linalg.inv(moving_from_frame)

    found = converted_covariance(known, before, converted, (250, 230))
    draws = rng.normal(size=(4000, 4)) @ root.T
    seen = [affine_parameters(converted(changed(before, d).matrix), (250, 230)) for d in draws]
    expected = np.cov(np.array(seen).T)
    scale = np.sqrt(np.diag(expected))[:4]
    np.testing.assert_allclose(
        found[:4, :4] / np.outer(scale, scale), expected[:4, :4] / np.outer(scale, scale), atol=0.12
    )
