"""The match of one point, beside a transform that is wrong by a shift."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import xebra
from xebra import Image, sample
from xebra.align import Aligner


@cache
def bundled() -> tuple[Aligner, Image, Image, xebra.Registration]:
    fixed, moving = xebra.read_image(sample.FIXED), xebra.read_image(sample.MOVING)
    return Aligner(), fixed, moving, xebra.register(fixed, moving)


def shifted(matrix: np.ndarray, shift: np.ndarray) -> np.ndarray:
    result = np.eye(3)
    result[:2, 2] = shift
    return result @ matrix


@pytest.mark.parametrize("seed", range(4))
def test_a_point_is_found_beside_a_shifted_transform(seed):
    aligner, fixed, moving, result = bundled()
    random = np.random.default_rng(seed)
    point, shift = random.uniform(60, 196, 2), random.uniform(-5, 5, 2)
    match = aligner.match_point(fixed, moving, shifted(result.fixed_from_moving, shift), tuple(point))
    assert match is not None
    assert np.hypot(*(result.to_fixed([match.moving])[0] - point)) < 1.5
    assert 0 < match.standard_error_px < 2


def test_a_mirrored_moving_image_is_matched_under_its_mirrored_transform():
    aligner, fixed, moving, result = bundled()
    mirrored = Image(np.ascontiguousarray(moving.pixels[:, ::-1]))
    flip = np.array([[-1, 0, moving.shape[1] - 1], [0, 1, 0], [0, 0, 1.0]])
    straight = aligner.match_point(fixed, moving, result.fixed_from_moving, (120, 100))
    match = aligner.match_point(fixed, mirrored, result.fixed_from_moving @ flip, (120, 100))
    assert straight is not None and match is not None
    assert match.moving == pytest.approx(
        (moving.shape[1] - 1 - straight.moving[0], straight.moving[1]), abs=0.2
    )


def test_nothing_is_matched_where_the_images_share_nothing_or_do_not_overlap():
    aligner, fixed, moving, result = bundled()
    noise = Image(np.random.default_rng(0).normal(size=moving.shape))
    far = shifted(result.fixed_from_moving, np.array([4000.0, 0]))
    assert aligner.match_point(fixed, noise, result.fixed_from_moving, (120, 100)) is None
    assert aligner.match_point(fixed, moving, far, (120, 100)) is None
    assert aligner.match_point(fixed, moving, result.fixed_from_moving, (-900, 100)) is None


def test_a_part_of_a_large_image_is_matched_at_its_own_pixels():
    aligner = bundled()[0]
    random = np.random.default_rng(3)
    coarse = random.normal(size=(80, 80)).repeat(16, 0).repeat(16, 1)
    whole = Image((coarse + 0.1 * random.normal(size=coarse.shape)).astype(np.float32))
    part = Image(np.ascontiguousarray(whole.pixels[200:1000, 300:1100]))
    truth = shifted(np.eye(3), np.array([300.0, 200.0]))
    match = aligner.match_point(whole, part, shifted(truth, np.array([17.0, -11.0])), (640, 600))
    assert match is not None
    assert match.moving == pytest.approx((340, 400), abs=0.3)
