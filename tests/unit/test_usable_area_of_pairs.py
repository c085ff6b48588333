"""The usable areas of two images: what stays at one place in both is excluded, the specimen never."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.instrument_scenes import (
    counts,
    data_bar,
    device,
    field_stop,
    legend,
    lost,
    missed,
    particles,
    phases,
    texture,
)

from xebra.usable_area import usable_area, usable_areas

FEW = settings(max_examples=12, deadline=None, derandomize=True)
SEEDS = st.integers(0, 10_000)
SPECIMENS = {
    "texture": texture,
    "count map": counts,
    "label map": phases,
    "device": device,
    "particles": particles,
}
SHAPE = (200, 240)
MOVED = 40  # px: the specimen of the second image


def views(draw, seed, shift=(17, -23), shape=SHAPE):
    """Return two views of one specimen (H, W), the second shifted by (rows, columns)."""
    big = draw((shape[0] + 2 * MOVED, shape[1] + 2 * MOVED), seed)
    rows, columns = MOVED + shift[0], MOVED + shift[1]
    inner = big[MOVED : MOVED + shape[0], MOVED : MOVED + shape[1]]
    return inner.copy(), big[rows : rows + shape[0], columns : columns + shape[1]].copy()


@pytest.mark.parametrize("draw", SPECIMENS.values(), ids=SPECIMENS)
@FEW
@given(seed=SEEDS, down=st.integers(-MOVED, MOVED), right=st.integers(-MOVED, MOVED))
def test_moved_specimen_is_not_excluded(draw, seed, down, right):
    fixed, moving = views(draw, seed, (down, right))
    for area, image in zip(usable_areas(fixed, moving), (fixed, moving), strict=True):
        assert "same in both images" not in area.excluded
        assert "hot pixels" not in area.excluded or area.mask.mean() > 0.995
        assert np.array_equal(area.mask | usable_area(image).mask, area.mask) or area.mask.mean() > 0.9


@pytest.mark.parametrize("draw", SPECIMENS.values(), ids=SPECIMENS)
@FEW
@given(seed=SEEDS, gain=st.sampled_from([1.0, -3.0, 0.01]))
def test_identical_images_are_used_as_each_of_them(draw, seed, gain):
    image = draw(SHAPE, seed).astype(np.float64)
    alone = usable_area(image)
    for area in usable_areas(image, gain * image):
        assert np.array_equal(area.mask, alone.mask), area.excluded


@FEW
@given(seed=SEEDS, count=st.integers(4, 60), level=st.sampled_from([3.0, -2.0]))
def test_hot_pixels(seed, count, level):
    random = np.random.default_rng(seed)
    fixed, moving = views(texture, seed)
    hot = np.zeros(SHAPE, bool)
    hot.flat[random.choice(hot.size, count, replace=False)] = True
    fixed[hot], moving[hot] = level, level + 0.3 * random.random(np.count_nonzero(hot))
    for area in usable_areas(fixed, moving):
        assert missed(area, hot) < 0.1 and lost(area, hot, margin=2) == 0
        assert area.excluded == ("hot pixels",)


@FEW
@given(seed=SEEDS)
def test_bright_pixels_at_different_places_are_signal(seed):
    random = np.random.default_rng(seed)
    fixed, moving = views(texture, seed)
    for image in (fixed, moving):
        image.flat[random.choice(image.size, 100, replace=False)] = 3.0
    assert all(area.mask.all() for area in usable_areas(fixed, moving))


@FEW
@given(seed=SEEDS, row=st.floats(0.05, 0.6), column=st.floats(0.05, 0.5))
def test_graphics_of_any_level_in_both_images(seed, row, column):
    """Text without a box, at a level within the specimen's, is found because it does not move."""
    random = np.random.default_rng(seed)
    fixed, moving = views(texture, seed)
    top, left = int(row * SHAPE[0]), int(column * SHAPE[1])
    letters = np.kron(random.random((10, 40)) < 0.5, np.ones((2, 2), bool))
    text = np.zeros(SHAPE, bool)
    text[top : top + 20, left : left + 80] = letters
    ground = np.zeros(SHAPE, bool)
    ground[top - 2 : top + 22, left - 2 : left + 82] = True
    for image in (fixed, moving):
        image[ground], image[text] = 0.2, 0.8
    for area in usable_areas(fixed, moving):
        assert missed(area, text) < 0.02 and lost(area, ground) < 0.01
        assert "same in both images" in area.excluded


@pytest.mark.parametrize("gap", [0.0, 1.0])
@FEW
@given(seed=SEEDS)
def test_detector_gaps_within_the_signal(gap, seed):
    """Gaps at 0, as photon counters show them, in both images."""
    fixed, moving = views(texture, seed)
    gaps = np.zeros(SHAPE, bool)
    gaps[95:99] = gaps[:, 118:122] = True
    fixed[gaps] = moving[gaps] = gap
    for area in usable_areas(fixed, moving):
        assert missed(area, gaps) < 0.1 and lost(area, gaps, margin=8) < 0.02


@pytest.mark.parametrize("overlay", [data_bar, field_stop, legend])
@FEW
@given(seed=SEEDS)
def test_overlay_that_is_hard_to_see_in_one_image_is_excluded_in_both(overlay, seed):
    """Of a sparse map on a black ground, the same part is excluded as of the other image."""
    fixed, moving = views(texture, seed)[0], particles(SHAPE, seed, count=25)
    (fixed, part), moving = overlay(fixed), overlay(moving)[0]
    for area in usable_areas(fixed, moving):
        assert missed(area, part) < 0.05


@pytest.mark.parametrize("draw", [texture, device])
@FEW
@given(seed=SEEDS, shift=st.tuples(st.integers(4, 9), st.integers(-9, -4)), level=st.sampled_from([0, 0.4]))
def test_a_beam_stop_is_excluded_though_the_specimen_has_moved_a_little(draw, seed, shift, level):
    """Detail still correlates at so small a displacement, but more so at another one."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    row, column = 60 + seed % 80, 60 + seed % 110
    stop = (np.hypot(rows - row, columns - column) < 24) | ((abs(columns - column) < 5) & (rows > row))
    images = views(draw, seed, shift)
    for image in images:
        image[stop] = np.quantile(image, level)
    for area in usable_areas(*images):
        assert not area.mask[stop].any() and lost(area, stop) < 0.15


def test_overlay_of_one_image_only_leaves_the_other_whole():
    fixed, moving = views(texture, 5)
    fixed, bar = data_bar(fixed)
    first, second = usable_areas(fixed, moving)
    assert missed(first, bar) == 0 and second.mask.all()


def test_images_of_different_size_are_examined_each_for_itself():
    fixed, moving = data_bar(texture((200, 240)))[0], texture((150, 150), seed=2)
    first, second = usable_areas(fixed, moving)
    assert first.excluded == ("data bar",) and second.mask.all()


@pytest.mark.parametrize("side", [1100, 3000])
def test_large_images(side):
    small = [
        np.kron(image, np.ones((-(-side // 500),) * 2, np.float32))
        for image in views(texture, 1, shape=(500, 500))
    ]
    fixed, moving = (image[:side, :side] for image in small)
    drawn = [legend(image)[0] for image in (fixed, moving)]
    part = legend(fixed)[1]
    for area in usable_areas(*drawn):
        assert missed(area, part) < 0.02 and lost(area, part, margin=side // 25) < 0.01
