"""The last step across modalities: it improves near estimates and leaves others where they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import ndimage

from xebra.estimate.density_refinement import FURTHEST_PX, refine_by_density
from xebra.estimate.image_pair import Candidate, ImagePair, corner_distance_px
from xebra.image import Image
from xebra.transform import AffineTransform, SimilarityTransform, image_center

SIDE = 200
TONES = {"inverted": lambda v: -v, "folded": lambda v: np.abs(v - 0.45), "stepped": lambda v: np.sin(7 * v)}


def specimen(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = sum(s**1.5 * ndimage.gaussian_filter(rng.normal(size=(2 * SIDE,) * 2), s) for s in (2, 5, 15))
    return ((values - values.min()) / np.ptp(values)).astype(np.float32)


def pair_of(seed: int, tone: str, matrix: np.ndarray, shape=(SIDE, SIDE)) -> ImagePair:
    """Return a pair of two tones; ``matrix`` is moving_from_fixed."""
    image = specimen(seed)
    corner = np.array([[1, 0, SIDE / 2], [0, 1, SIDE / 2], [0, 0, 1.0]])
    back = corner @ np.linalg.inv(matrix)
    moving = ndimage.affine_transform(
        TONES[tone](image), back[1::-1, 1::-1], back[1::-1, 2], shape, order=3, mode="reflect"
    )
    noise = np.random.default_rng(seed + 1).normal(0, 0.02, shape)
    fixed = image[SIDE // 2 : SIDE // 2 + shape[0], SIDE // 2 : SIDE // 2 + shape[1]]
    return ImagePair(Image(fixed.copy()), Image((moving + noise).astype(np.float32)))


def moved(matrix: np.ndarray, shift, angle: float, log_scale: float) -> Candidate:
    """Return a candidate beside a transform."""
    beside = SimilarityTransform(np.exp(log_scale), angle, tuple(shift), image_center((SIDE, SIDE)))
    return Candidate(matrix @ beside.matrix, 0.0)


MATRIX = SimilarityTransform(1.1, 0.3, (8.0, -5.0), image_center((SIDE, SIDE))).matrix


@given(
    st.integers(0, 1000),
    st.sampled_from(sorted(TONES)),
    st.tuples(st.floats(-1.2, 1.2), st.floats(-1.2, 1.2)),
    st.floats(-0.008, 0.008),
    st.floats(-0.008, 0.008),
)
@settings(max_examples=25, deadline=None, derandomize=True)
def test_a_near_estimate_becomes_precise(seed, tone, shift, angle, log_scale) -> None:
    pair, start = pair_of(seed, tone, MATRIX), moved(MATRIX, shift, angle, log_scale)
    truth = Candidate(MATRIX, 0.0)
    before = corner_distance_px(pair, start, truth)
    assume(before > 0.5)
    assert corner_distance_px(pair, refine_by_density(pair, start), truth) < 0.4 * before


def test_a_model_that_holds_the_scale_keeps_it() -> None:
    matrix = SimilarityTransform(1.0, 0.0, (8.0, -5.0), image_center((SIDE, SIDE))).matrix
    pair = pair_of(3, "folded", matrix).with_model("translation")
    found = refine_by_density(pair, moved(matrix, (0.8, -0.6), 0.0, 0.0)).moving_from_fixed
    np.testing.assert_allclose(found[:2, :2], np.eye(2), atol=1e-12)
    assert np.abs(found[:2, 2] - matrix[:2, 2]).max() < 0.15


def test_an_affine_model_finds_the_stretch() -> None:
    stretch = np.diag([1.01, 0.99, 1.0])
    middle = np.array([[1, 0, 99.5], [0, 1, 99.5], [0, 0, 1.0]])
    matrix = MATRIX @ middle @ stretch @ np.linalg.inv(middle)
    pair = pair_of(4, "stepped", matrix)
    truth, start = Candidate(matrix, 0.0), Candidate(MATRIX, 0.0)
    as_similarity = corner_distance_px(pair, refine_by_density(pair, start), truth)
    assert as_similarity > 0.9
    affine = refine_by_density(pair.with_model("affine"), start)
    assert corner_distance_px(pair, affine, truth) < 0.3 * as_similarity
    assert AffineTransform.from_matrix(affine.moving_from_fixed).stretch == pytest.approx(0.01, abs=0.003)


@pytest.mark.parametrize("shape", [(SIDE, 120), (97, 143)])
def test_frames_that_are_not_square_are_refined(shape) -> None:
    matrix = SimilarityTransform(1.0, 0.1, (3.0, 2.0), image_center(shape)).matrix
    pair = pair_of(5, "folded", matrix, shape)
    start = moved(matrix, (0.9, 0.7), 0.0, 0.0)
    truth = Candidate(matrix, 0.0)
    assert corner_distance_px(pair, refine_by_density(pair, start), truth) < 0.3


def test_images_that_share_nothing_keep_their_estimate_or_one_near_it() -> None:
    pair, fixed = pair_of(6, "inverted", MATRIX), Image(specimen(6)[:SIDE, :SIDE])
    rng = np.random.default_rng(0)
    for other in range(5):
        noise = Image(rng.normal(size=(SIDE, SIDE)).astype(np.float32))
        unrelated, start = ImagePair(fixed, noise), moved(MATRIX, (2, 1), 0.0, other / 100)
        assert corner_distance_px(pair, refine_by_density(unrelated, start), start) <= FURTHEST_PX


def test_images_that_hardly_overlap_or_show_one_level_keep_their_estimate() -> None:
    pair = pair_of(7, "inverted", MATRIX)
    away = moved(MATRIX, (SIDE - 20, 0), 0.0, 0.0)
    assert refine_by_density(pair, away) is away
    flat = np.zeros((SIDE, SIDE), np.float32)
    flat[:3, :3] = 1.0
    start = replace(away, moving_from_fixed=MATRIX)
    assert refine_by_density(ImagePair(Image(flat), Image(specimen(7)[:SIDE, :SIDE])), start) is start
