"""The usable area of one image: what instruments draw is excluded, specimens are not."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import ndimage
from support.instrument_scenes import (
    LEVELS,
    cells,
    counts,
    data_bar,
    device,
    field_stop,
    legend,
    lost,
    missed,
    padding,
    particles,
    phases,
    texture,
    wedge,
)

from xebra.usable_area import usable_area
from xebra.usable_area.area import LEAST_AREA

SEEDS = st.integers(0, 10_000)
SIDES = st.integers(64, 400)
FEW = settings(max_examples=12, deadline=None, derandomize=True)
DTYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float16", "float32", "float64")
CLEAN = {"texture": texture, "count map": counts, "label map": phases, "device": device}


@pytest.mark.parametrize("draw", CLEAN.values(), ids=CLEAN)
@FEW
@given(height=SIDES, width=SIDES, seed=SEEDS)
def test_clean_image_is_used_whole(draw, height, width, seed):
    """Two in a thousand pixels may be excluded: a constant area of a small image can look like an overlay."""
    area = usable_area(draw((height, width), seed))
    assert area.mask.mean() > 0.998, area.excluded


@FEW
@given(
    height=st.integers(128, 400), width=st.integers(128, 400), seed=SEEDS, noise=st.sampled_from([0.0, 0.02])
)
def test_particles_are_kept_though_their_black_support_may_go(height, width, seed, noise):
    image = particles((height, width), seed, noise=noise)
    area = usable_area(image)
    assert lost(area, image < 0.2, margin=0) < 0.06, area.excluded


@pytest.mark.parametrize("ground", [0.0, 1.0])
@FEW
@given(size=st.integers(40, 70), seed=SEEDS, turn=st.integers(0, 3))
def test_a_few_particles_on_an_even_ground_are_no_field_of_view(ground, size, seed, turn):
    """The ground is saturated or has no counts; without it, little is left that both images show."""
    rng = np.random.default_rng(seed)
    image = np.full((256, 256), ground, np.float32)
    y, x = np.mgrid[:256, :256]
    for row, column, radius, level in rng.uniform((0, 0, 3, 0.3), (size, size, 8, 0.7), (40, 4)):
        image[np.hypot(y - row, x - column) < radius] = level
    area = usable_area(np.rot90(image, turn))
    assert area.mask.all(), area.excluded


@FEW
@given(seed=SEEDS, radius=st.integers(58, 110))
def test_a_small_round_field_is_a_frame(seed, radius):
    y, x = np.mgrid[:256, :256]
    inside = np.hypot(y - 122, x - 130) < radius
    area = usable_area(np.where(inside, 0.2 + texture((256, 256), seed), 0.0).astype(np.float32))
    assert not (area.mask & ~inside).any() and (area.mask & inside).sum() > 0.75 * inside.sum()


@pytest.mark.parametrize("side", ["top", "bottom", "left", "right"])
@pytest.mark.parametrize("level", LEVELS.values(), ids=LEVELS)
@FEW
@given(seed=SEEDS, share=st.floats(0.06, 0.3), text=st.booleans(), separator=st.booleans())
def test_data_bar(side, level, seed, share, text, separator):
    image, bar = data_bar(
        texture((240, 200), seed), side, share, level, text=text, separator=separator, seed=seed
    )
    area = usable_area(image)
    assert missed(area, bar) == 0 and lost(area, bar) < 0.02
    assert area.excluded == ("data bar",)


@pytest.mark.parametrize("side", ["top", "bottom", "left", "right"])
@pytest.mark.parametrize("level", LEVELS.values(), ids=LEVELS)
@FEW
@given(seed=SEEDS, share=st.floats(0.1, 0.3), frame=st.integers(1, 3), text=st.booleans())
def test_data_bar_with_a_frame_of_another_level(side, level, seed, share, frame, text):
    image, bar = data_bar(texture((240, 200), seed), side, share, level, text=text, frame=frame, seed=seed)
    area = usable_area(image)
    assert missed(area, bar) == 0 and lost(area, bar) < 0.02


@pytest.mark.parametrize("side", [64, 96, 700, 2048, 4096])
def test_data_bar_at_every_size(side):
    small = texture((min(side, 512),) * 2, grain=2)
    image, bar = data_bar(
        np.kron(small, np.ones((side // len(small),) * 2, np.float32)) if side > 512 else small
    )
    area = usable_area(image)
    assert missed(area, bar) < 0.01 and lost(area, bar, margin=max(7, side // 40)) < 0.02


@pytest.mark.parametrize("draw", [texture, device, particles])
@FEW
@given(seed=SEEDS, border=st.integers(1, 3), level=st.sampled_from([0.0, 1.0]))
def test_empty_border(draw, seed, border, level):
    """Lines without signal along the edges, as detectors and filters leave them."""
    image = draw((160, 192), seed).astype(np.float32) + 0.05
    image[:border] = image[-border:] = image[:, :border] = image[:, -border:] = level * image.max()
    inner = np.zeros(image.shape, bool)
    inner[border:-border, border:-border] = True
    assert missed(usable_area(image), ~inner) < 0.02


@pytest.mark.parametrize("level", LEVELS.values(), ids=LEVELS)
@FEW
@given(
    seed=SEEDS,
    row=st.floats(0.42, 0.58),
    column=st.floats(0.42, 0.58),
    radii=st.tuples(st.floats(0.28, 0.48), st.floats(0.28, 0.48)),
    angle=st.floats(0, 3),
    softness=st.sampled_from([0.0, 1.0, 2.0]),
)
def test_field_stop(level, seed, row, column, radii, angle, softness):
    """Off centre, elliptic, turned, sharp or blurred."""
    image, stop = field_stop(texture((256, 256), seed), (row, column), radii, level, softness, angle)
    area = usable_area(image)
    assert missed(area, stop) < 0.02
    assert lost(area, stop, margin=14) < 0.05
    assert "frame" in area.excluded


@pytest.mark.parametrize("dark", [0, 20])
def test_field_stop_on_counts_with_a_dark_level(dark):
    """The frame of an integer image varies by a count or two."""
    random = np.random.default_rng(3)
    image, stop = field_stop(1000 + 800 * texture((256, 256)), level=0)
    noisy = random.poisson(np.where(stop, dark, image)).astype(np.uint16)
    area = usable_area(noisy)
    assert missed(area, stop) < 0.02 and lost(area, stop, margin=14) < 0.02


@pytest.mark.parametrize("side", [64, 128, 700, 2048])
def test_field_stop_at_every_size(side):
    small = texture((min(side, 512),) * 2, grain=2)
    image = np.kron(small, np.ones((-(-side // len(small)),) * 2, np.float32))[:side, :side]
    image, stop = field_stop(image)
    area = usable_area(image)
    assert missed(area, stop) < 0.02 and lost(area, stop, margin=max(9, side // 20)) < 0.04


@FEW
@given(
    seed=SEEDS,
    row=st.floats(0.45, 0.55),
    column=st.floats(0.45, 0.55),
    radius=st.floats(0.35, 0.48),
    softness=st.sampled_from([0.0, 1.0]),
    side=st.sampled_from([200, 256, 600]),
)
def test_field_stop_around_cells_on_a_ground_as_black_as_it(seed, row, column, radius, softness, side):
    """The field has no closed edge: cells that are cut show where it ends."""
    image, stop = field_stop(
        cells((side, side), seed), (row, column), (radius, radius), softness=softness * side / 256
    )
    area = usable_area(image)
    assert missed(area, stop) < 0.06 and lost(area, stop, margin=16 * side // 256) < 0.05


@FEW
@given(seed=SEEDS, degrees=st.floats(3, 87), share=st.floats(0.6, 0.95))
def test_padding_around_cells_on_a_ground_as_black_as_it(seed, degrees, share):
    """Where no cell is cut, nothing shows where the padding begins."""
    image, ground = padding(cells((256, 256), seed), degrees, share)
    area = usable_area(image)
    cut = ndimage.binary_dilation(ground, iterations=2) & ~ground & (image > 0)
    assert missed(area, cut) < 0.2 and lost(area, ground, margin=16) < 0.15


@FEW
@given(seed=SEEDS, radius=st.floats(0.25, 0.4), count=st.integers(12, 60))
def test_a_cluster_of_particles_is_not_cut(seed, radius, count):
    """Its outline touches the circle and the rectangle around it at a few places."""
    rng = np.random.default_rng(seed)
    image, (y, x) = np.zeros((256, 256), np.float32), np.mgrid[:256, :256]
    for angle, distance, size, level in rng.uniform((0, 0, 5, 0.4), (2 * np.pi, 1, 12, 1), (count, 4)):
        column, row = 128 + 256 * radius * distance * np.array([np.cos(angle), np.sin(angle)])
        image[np.hypot(x - column, y - row) < size] = level
    area = usable_area(image * (0.8 + 0.2 * texture((256, 256), seed, 1.0)))
    assert area.mask.mean() > 0.998, area.excluded


@FEW
@given(seed=SEEDS, empty=st.floats(0.2, 0.7), count=st.integers(100, 400))
def test_cells_on_a_black_ground_that_nothing_cuts_are_used_whole(seed, empty, count):
    area = usable_area(cells((256, 256), seed, count, empty))
    assert area.mask.mean() > 0.998, area.excluded


@pytest.mark.parametrize("level", [0.0, 1.0])
@FEW
@given(seed=SEEDS, degrees=st.floats(0, 89), share=st.floats(0.6, 0.95))
@example(seed=0, degrees=0.0, share=0.9)
def test_padding_of_a_turned_scan(level, seed, degrees, share):
    image, ground = padding(texture((256, 256), seed), degrees, share, level)
    area = usable_area(image)
    assert missed(area, ground) < 0.02
    assert lost(area, ground, margin=14) < 0.04


@FEW
@given(seed=SEEDS, grain=st.floats(10, 30), darker=st.floats(0.0, 0.7))
def test_a_sharp_frame_costs_no_more_where_the_specimen_darkens_towards_it(seed, grain, darker):
    """A specimen that is brighter in the middle is no blurred edge."""
    shade = 1 - darker * np.clip(2 * np.hypot(*np.mgrid[-0.5:0.5:256j, -0.5:0.5:256j]), 0, 1)
    image = shade * (0.3 + texture((256, 256), seed, grain))
    for draw in (field_stop, padding):
        shown, ground = draw(image.astype(np.float32))
        area = usable_area(shown)
        assert missed(area, ground) < 0.02
        assert lost(area, ground, margin=7) < 0.03


@FEW
@given(seed=SEEDS, share=st.floats(0.25, 0.6), level=st.sampled_from([0.0, 1.0]))
def test_wedge(seed, share, level):
    image, corner = wedge(texture((256, 256), seed), share, level)
    area = usable_area(image)
    assert missed(area, corner) < 0.02 and lost(area, corner, margin=14) < 0.06


@FEW
@given(seed=SEEDS, row=st.floats(0.03, 0.6), column=st.floats(0.03, 0.5))
def test_legend_and_scale_bar(seed, row, column):
    image, drawn = legend(texture((256, 256), seed), (row, column), seed)
    area = usable_area(image)
    assert missed(area, drawn) == 0 and lost(area, drawn) == 0
    assert area.excluded == ("graphics",)


@pytest.mark.parametrize(
    "dtype, gap", [("uint32", 2**32 - 1), ("int16", -32768), ("uint16", 65535), ("float32", 1e30)]
)
def test_detector_gap_at_a_value_that_is_no_count(dtype, gap):
    image = (100 + 50 * texture((300, 260))).astype(dtype)
    image[140:152] = image[:, 120:124] = gap
    area = usable_area(image)
    part = image == gap
    assert area.excluded == ("detector gap",)
    assert not area.mask[part].any() and lost(area, part, margin=3) == 0


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("side", [160, 1100])
def test_detector_gap_within_the_signal(side, level):
    """A photon counter's gaps at 0, a dead row of a camera at any level."""
    image = np.kron(texture((160, 160)), np.ones((-(-side // 160),) * 2, np.float32))[:side, :side]
    gaps = np.zeros(image.shape, bool)
    gaps[70:74] = gaps[:, 50] = True
    image[gaps] = level
    area = usable_area(image)
    assert missed(area, gaps) == 0 and lost(area, gaps, margin=1) == 0
    assert area.excluded == ("detector gap",)


def test_bright_spots_are_no_detector_gap():
    image = texture((256, 256))
    image[100:110, 50:60] = 1000 + np.random.default_rng(0).random((10, 10))
    assert usable_area(image).mask.all()


def test_values_that_are_not_finite():
    image = texture((128, 160))
    image[:20], image[40, 40], image[60, 60] = np.nan, np.inf, -np.inf
    area = usable_area(image)
    assert area.excluded == ("not finite",)
    assert np.array_equal(area.mask, np.isfinite(image))


def test_nan_around_a_turned_scan_hides_no_data_bar():
    image, bar = data_bar(texture((256, 256)))
    image[:, :30] = np.nan
    area = usable_area(image)
    assert missed(area, bar | np.isnan(image)) == 0
    assert set(area.excluded) == {"not finite", "data bar"}


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_type_of_value(dtype):
    scale = 100 if dtype in ("uint8", "int8", "float16") else 10_000
    values = scale * texture((200, 220), grain=4)
    for overlay in (data_bar, field_stop, padding, legend):
        image, part = overlay(values)
        area = usable_area(image.astype(dtype))
        assert missed(area, part) < 0.01 and lost(area, part, margin=14) < 0.03, overlay.__name__


@FEW
@given(
    seed=SEEDS,
    overlay=st.sampled_from([data_bar, field_stop, padding, legend, wedge, lambda image: (image, None)]),
    gain=st.sampled_from([2.0**-20, 0.25, 64.0, 2.0**20]),
    offset=st.integers(-3, 3),
    negative=st.booleans(),
)
def test_gain_and_offset_change_nothing(seed, overlay, gain, offset, negative):
    image = overlay(np.rint(4096 * texture((128, 144), seed)).astype(np.float64))[0]
    plain = usable_area(image)
    changed = usable_area((image + 4096 * offset) * (-gain if negative else gain))
    assert changed.excluded == plain.excluded
    assert np.array_equal(changed.mask, plain.mask)


@FEW
@given(
    seed=SEEDS,
    height=st.integers(64, 300),
    width=st.integers(64, 300),
    share=st.floats(0.0, 1.0),
    level=st.sampled_from([0.0, 0.5, 1.0]),
)
def test_excludes_never_all(seed, height, width, share, level):
    """However much of an image is constant, the least usable area is left."""
    random = np.random.default_rng(seed)
    image = random.random((height, width), dtype=np.float32)
    image[: int(share * height), : int(random.random() * width)] = level
    image[:, : int(share * random.random() * width)] = level
    assert usable_area(image).mask.mean() >= LEAST_AREA


def test_what_would_leave_too_little_is_not_excluded():
    image = np.zeros((256, 256), np.float32)
    image[100:150, 100:150] = texture((50, 50))
    area = usable_area(image)
    assert area.mask.all() and not area.excluded


def test_an_image_without_any_range_is_used_whole():
    assert usable_area(np.full((80, 80), 7, np.uint8)).mask.all()
