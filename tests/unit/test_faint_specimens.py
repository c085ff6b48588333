"""Overlays whose levels dwarf a faint specimen are excluded, whatever level the specimen lies at."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from support.instrument_scenes import data_bar, field_stop, legend, lost, missed, padding, texture

import xebra
from xebra.usable_area import usable_area

FEW = settings(max_examples=20, deadline=None, derandomize=True)
SEEDS = st.integers(0, 10_000)
FULL = {"uint8": 255, "uint16": 65535, "float32": 1.0}
LEVELS = st.sampled_from([0.0, 0.01, 0.3, 0.5, 0.7, 0.99, 1.0])  # of the full range
CONTRASTS = {"uint8": [0.05, 0.1], "uint16": [0.0005, 0.002, 0.01], "float32": [1e-5, 0.0003, 0.002, 0.01]}
SHAPE = (240, 200)


def faint(dtype, base, contrast, seed, shape=SHAPE):
    """Return grey values (H, W) of a small part of the full range that starts at ``base`` at most."""
    values = texture(shape, seed).astype(np.float64)
    return FULL[dtype] * (min(base, 1 - contrast) + contrast * values)


def drawn(values, dtype, overlay, **options):
    """Return values (H, W) under an overlay in levels of the full range, and the overlay's mask."""
    canvas = np.zeros(values.shape)
    canvas[values.shape[0] // 2, values.shape[1] // 2] = FULL[dtype]
    canvas, mask = overlay(canvas, **options)
    return converted(np.where(mask, canvas, values), dtype), mask


def converted(values, dtype):
    """Return values of a type, integers rounded."""
    return (values if dtype == "float32" else np.rint(values)).astype(dtype)


def smooth_bar(image, softness, **options):
    """Draw a data bar whose letters have soft edges, and thus many levels."""
    image, bar = data_bar(image, **options)
    edge = bar & ~ndimage.binary_erosion(bar, iterations=2, border_value=1)
    smoothed = ndimage.uniform_filter(np.where(bar, image, image[edge][0]), softness)
    return np.where(edge, image, smoothed), bar


@pytest.mark.parametrize("dtype", FULL)
@pytest.mark.parametrize("side", ["top", "bottom", "left", "right"])
@FEW
@given(data=st.data(), seed=SEEDS, base=LEVELS, level=st.sampled_from([0.0, 0.5, 1.0]), text=st.booleans())
def test_data_bar_of_any_level(dtype, side, data, seed, base, level, text):
    values = faint(dtype, base, data.draw(st.sampled_from(CONTRASTS[dtype])), seed)
    options = {"share": data.draw(st.floats(0.06, 0.3)), "softness": data.draw(st.integers(1, 3))}
    image, bar = drawn(values, dtype, smooth_bar, side=side, level=level, text=text, seed=seed, **options)
    area = usable_area(image)
    assert missed(area, bar) < 0.001 and lost(area, bar) < 0.04, area.shares


@pytest.mark.parametrize("dtype", FULL)
@pytest.mark.parametrize("overlay", [legend, field_stop, padding])
@FEW
@given(data=st.data(), seed=SEEDS, base=LEVELS)
def test_legend_and_frame_of_the_full_range(dtype, overlay, data, seed, base):
    values = faint(dtype, base, data.draw(st.sampled_from(CONTRASTS[dtype])), seed)
    options = {} if overlay is legend else {"level": data.draw(st.sampled_from([0.0, 1.0]))}
    image, part = drawn(values, dtype, overlay, **options)
    area = usable_area(image)
    assert missed(area, part) < 0.02 and lost(area, part, margin=14) < 0.04, area.shares


@pytest.mark.parametrize("dtype", FULL)
@FEW
@given(data=st.data(), seed=SEEDS, base=LEVELS)
def test_a_faint_specimen_without_overlay_is_used_whole(dtype, data, seed, base):
    image = converted(faint(dtype, base, data.draw(st.sampled_from(CONTRASTS[dtype])), seed), dtype)
    assert usable_area(image).mask.mean() > 0.998


@pytest.mark.parametrize("dtype", FULL)
@FEW
@given(seed=SEEDS, spots=st.integers(1, 40))
def test_bright_particles_on_a_faint_specimen_hide_none_of_it(dtype, seed, spots):
    """Bright signal dwarfs the rest as the text of a bar does, but is no overlay."""
    random = np.random.default_rng(seed)
    values = faint(dtype, 0.1, CONTRASTS[dtype][-1], seed)
    rows, columns = np.indices(SHAPE)
    for row, column, radius in zip(*(random.uniform(0, side, spots) for side in (*SHAPE, 12)), strict=True):
        inside = np.hypot(rows - row, columns - column) < 1 + radius
        values[inside] = FULL[dtype] * random.uniform(0.5, 0.9, np.count_nonzero(inside))
    assert usable_area(converted(values, dtype)).mask.mean() > 0.998


@pytest.mark.parametrize("base", [0.0, 0.5])
def test_a_faint_specimen_that_moves_under_its_data_bar_is_registered(base):
    """The background of the bar has a level of the specimen; its text is 500 times as bright."""
    whole = faint("uint16", base, 0.002, 3, (300, 280))
    views = [whole[40:280, 30:230], whole[10:250, 52:252]]
    images = [drawn(view, "uint16", smooth_bar, softness=2, level=base)[0] for view in views]
    result = xebra.register(*images)
    assert result.verdict == "accept"
    assert np.abs(result.fixed_from_moving - np.array([[1, 0, 22], [0, 1, -30], [0, 0, 1]])).max() < 1
    assert result.fixed_area.excluded == result.moving_area.excluded == ("data bar",)
