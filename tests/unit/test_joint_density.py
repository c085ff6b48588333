"""Displacements by the joint density of grey levels: they are found across any change of the contrast."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from xebra.estimate.joint_density import MIN_PX, GreyLevels, displacements

SIDE = 128
TONES = {
    "same": lambda v: v,
    "inverted": lambda v: -v,
    "folded": lambda v: np.abs(v - 0.4),
    "stepped": lambda v: np.sin(6 * v),
}


def specimen(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = sum(s**1.5 * ndimage.gaussian_filter(rng.normal(size=(SIDE + 32,) * 2), s) for s in (2, 6))
    return ((values - values.min()) / np.ptp(values)).astype(np.float32)


def views(seed: int, tone: str, shift: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Return a view, and another tone of what lies ``shift`` (x, y) px too far to the left and the top."""
    image, noise = specimen(seed), np.random.default_rng(seed + 1).normal(0, 0.01, (SIDE, SIDE))
    moved = ndimage.shift(TONES[tone](image), (-shift[1], -shift[0]), order=3, mode="nearest")
    return image[16:-16, 16:-16], (moved[16:-16, 16:-16] + noise).astype(np.float32)


def step(fixed: np.ndarray, moving: np.ndarray, used: np.ndarray) -> np.ndarray:
    """Return the displacement (x, y) of all px together by one step."""
    levels = GreyLevels.of(fixed, used), GreyLevels.of(moving, used)
    assert levels[0] is not None and levels[1] is not None
    found = displacements(*levels, used)
    xx, xy, yy = (float(part.sum(dtype=float)) for part in found.information)
    return np.linalg.solve([[xx, xy], [xy, yy]], [float(part.sum(dtype=float)) for part in found.gradient])


@given(
    st.integers(0, 10_000),
    st.sampled_from(sorted(TONES)),
    st.tuples(st.floats(-1, 1), st.floats(-1, 1)).filter(lambda v: np.hypot(*v) > 0.3),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_a_step_leads_to_the_displacement_in_every_contrast(seed, tone, shift) -> None:
    """The image was moved by ``shift``: it must be sampled as far in the other direction."""
    fixed, moving = views(seed, tone, shift)
    found = step(fixed, moving, np.ones(fixed.shape, bool))
    left = found + np.array(shift)
    assert np.hypot(*left) < 0.5 * np.hypot(*shift)


@given(st.integers(0, 10_000), st.sampled_from(sorted(TONES)))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_aligned_images_stay_where_they_are(seed, tone) -> None:
    fixed, moving = views(seed, tone, (0.0, 0.0))
    assert np.hypot(*step(fixed, moving, np.ones(fixed.shape, bool))) < 0.1


@given(st.integers(0, 10_000), st.sampled_from(sorted(TONES)))
@settings(max_examples=20, deadline=None, derandomize=True)
def test_px_that_are_not_used_say_nothing_and_change_nothing(seed, tone) -> None:
    fixed, moving = views(seed, tone, (0.6, -0.4))
    used = np.zeros(fixed.shape, bool)
    used[20:100, 10:90] = True
    other = moving.copy()
    other[110:] = np.random.default_rng(seed).normal(0, 5, other[110:].shape)
    found = [displacements(GreyLevels.of(fixed, used), GreyLevels.of(m, used), used) for m in (moving, other)]
    for parts in zip(*((*each.gradient, *each.information) for each in found), strict=True):
        assert not parts[0][~used].any()
        np.testing.assert_array_equal(*parts)


def test_an_image_of_one_grey_level_has_no_density() -> None:
    image = np.full((64, 64), 3.0, np.float32)
    assert GreyLevels.of(image, np.ones(image.shape, bool)) is None


def test_few_px_have_no_density() -> None:
    used = np.zeros((64, 64), bool)
    used.flat[: MIN_PX - 1] = True
    image = np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)
    assert GreyLevels.of(image, used) is None
    used.flat[MIN_PX] = True
    assert GreyLevels.of(image, used) is not None
