"""The picture shows the pair, and no texts overlap."""

import base64
import io
import itertools
import subprocess
import sys
import warnings
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib_scalebar.scalebar import ScaleBar

from xebra import picture
from xebra.image import read_image
from xebra.lengths import length
from xebra.registration import Place
from xebra.summary import parameters, table

RANDOM = np.random.default_rng(3)
SHAPES = [(100, 100), (300, 400), (64, 1000), (1000, 64), (500, 200)]


def shown(figure, panel):
    """The pixels of a panel, as drawn."""
    return figure.axes[panel].images[0].get_array()


def written(figure):
    """All texts of a figure except those of the scale bars."""
    texts = list(figure.texts)
    for axes in figure.axes:
        texts += [*axes.texts, axes.title, axes._left_title, axes._right_title]
    return [text for text in texts if text.get_text()]


def boxes_of(figure, texts, dpi):
    """Return where texts are drawn at a resolution, which their hinting depends on."""
    figure.set_dpi(dpi)
    renderer = FigureCanvasAgg(figure).get_renderer()
    return [text.get_window_extent(renderer) for text in texts]


def test_there_are_four_panels_in_order(registration):
    figure = picture.draw(registration())
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["Fixed", "Moving", "Registered", "Overlay"]


def test_agreement_is_white_and_black_in_the_overlay(registration):
    pixels = RANDOM.integers(0, 4096, (100, 120), dtype=np.uint16)
    overlay = shown(picture.draw(registration(pixels=(pixels, pixels))), 3)
    red, green, blue = np.moveaxis(np.asarray(overlay), -1, 0)
    np.testing.assert_array_equal(red, green)
    np.testing.assert_array_equal(red, blue)


def test_fixed_alone_is_magenta_and_registered_alone_is_green(registration):
    fixed, moving = np.zeros((100, 120), np.uint8), np.zeros((100, 120), np.uint8)
    fixed[20:40, 20:40] = moving[60:80, 60:80] = 200
    overlay = shown(picture.draw(registration(pixels=(fixed, moving))), 3)
    assert (overlay[30, 30].tolist(), overlay[70, 70].tolist()) == ([1, 0, 1], [0, 1, 0])


def test_where_the_moving_image_does_not_reach_the_panel_is_light(registration):
    figure = picture.draw(registration(scale=0.5))
    assert shown(figure, 2)[0, 0] == picture.EMPTY_GRAY
    assert shown(figure, 3)[0, 0, 1] == 0


def test_the_registered_panel_is_the_registered_image(registration):
    found = registration(scale=0.8, angle=0.5)
    expected = picture.stretched(found.registered, found.coverage)
    np.testing.assert_allclose(shown(picture.draw(found), 2)[found.coverage], expected[found.coverage])


@pytest.mark.parametrize(
    ("spacings", "bars"),
    [
        ((None, None), [0, 0, 0, 0]),
        ((0.5, None), [1, 0, 1, 1]),
        ((None, 0.5), [0, 1, 0, 0]),
        ((0.5, 2), [1, 1, 1, 1]),
    ],
)
def test_a_scale_bar_stands_where_the_spacing_is_known(registration, spacings, bars):
    figure = picture.draw(registration(fixed_spacing=spacings[0], moving_spacing=spacings[1]))
    assert [sum(isinstance(a, ScaleBar) for a in axes.artists) for axes in figure.axes] == bars


def test_a_large_image_is_reduced_and_its_scale_bar_with_it(registration):
    figure = picture.draw(registration((3000, 2000), (500, 400), scale=2, fixed_spacing=0.1))
    assert shown(figure, 0).shape == shown(figure, 2).shape == (1024, 683)
    bar = next(artist for artist in figure.axes[0].artists if isinstance(artist, ScaleBar))
    assert bar.dx == pytest.approx(0.1 * 3000 / 1024)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(
    "names",
    [("a.tif", "b.png"), ("fixed " * 20, "moving_" * 20), ("\u6676\u7c92_" * 12, "b")],
    ids=["short", "long", "wide"],
)
@pytest.mark.parametrize("dpi", [100, 200])
def test_texts_neither_overlap_nor_leave_the_figure(registration, shape, names, dpi):
    found = registration(
        shape, scale=1.234, angle=3.1, translation=(-432, 321), mirror=True, fixed_spacing=0.01, names=names
    )
    figure = picture.draw(found)
    boxes = boxes_of(figure, written(figure), dpi)
    paper = figure.bbox
    assert all(paper.x0 <= b.x0 and b.x1 <= paper.x1 and paper.y0 <= b.y0 and b.y1 <= paper.y1 for b in boxes)
    assert not [(a, b) for a, b in itertools.combinations(boxes, 2) if a.overlaps(b)]


@pytest.mark.parametrize("dpi", [100, 200])
@pytest.mark.parametrize("shape", [(521, 702), (400, 400), (300, 900)], ids=str)
@pytest.mark.parametrize("spacing", [None, 0.01])
@pytest.mark.parametrize("verdict", ["accept", "review"])
def test_the_line_below_ends_before_the_verdict(registration, shape, spacing, verdict, dpi):
    found = registration(
        shape, scale=1.01, angle=0.008, translation=(88, 46), fixed_spacing=spacing, verdict=verdict
    )
    figure = picture.draw(found)
    boxes = boxes_of(figure, figure.texts, dpi)
    assert not [(a, b) for a, b in itertools.combinations(boxes, 2) if a.overlaps(b)]


def test_the_line_below_has_the_parameters_and_the_verdict(registration):
    found = registration(angle=-0.1, translation=(3, -4), fixed_spacing=0.01, verdict="review")
    line, verdict = sorted((t.get_text() for t in picture.draw(found).texts), key=len, reverse=True)
    assert verdict == "review"
    for part in ("angle \u22125.730°", "scale 1.0000", "+3.00 px (+30.0 nm)", "error 0.84 px (8.40 nm)"):
        assert part in line


@pytest.mark.parametrize("channels", [(), (3,), (4,)])
@pytest.mark.parametrize("dtype", ["uint8", "uint32", "float64"])
def test_it_is_a_png_for_gray_and_colour_of_any_type(registration, channels, dtype):
    pixels = (RANDOM.random((80, 70, *channels)) * 255).astype(dtype)
    file = io.BytesIO()
    picture.save(registration(pixels=(pixels, pixels)), file, dpi=60)
    assert read_image(file).pixels.shape[2] in (3, 4)


def test_nothing_global_is_touched():
    code = "import sys, xebra.picture; sys.exit('matplotlib.pyplot' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("um", "text"),
    [
        (0.0123456, "12.3 nm"),
        (1, "1.00 µm"),
        (-42.04, "-42.0 µm"),
        (1234.5, "1.23 mm"),
        (4e-5, "40.0 pm"),
        (0.99996, "1.00 µm"),
        (0.0, "0.00 pm"),
        (999.4, "999 µm"),
        (0.0999, "99.9 nm"),
        (None, ""),
    ],
)
def test_lengths_have_three_digits_in_the_unit_that_suits_them(um, text):
    assert length(um) == text


def test_the_table_is_aligned_and_complete(registration):
    found = registration(angle=0.2, translation=(-33, 4), fixed_spacing=0.02, mirror=True)
    lines = table(found).splitlines()
    assert lines[0] == "fixed                  fixed.tif, 160 x 120 px, 20.0 nm/px (given)"
    assert lines[1].endswith("moving.tif, 160 x 120 px, pixel spacing unknown")
    assert len({line.index(" px", 23) for line in lines if line.startswith("shift")}) == 1
    assert [p.name for p in parameters(found)] == [
        "angle",
        "scale",
        "mirrored",
        "shift x",
        "shift y",
        "expected corner error",
    ]
    assert lines[-1].endswith("accept: two independent estimates agree to 0.4 px")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(st.characters(codec="utf-8"), max_size=60))
@example("$a_$b.tif")
@example("$\\undefined{$.tif")
@example("100 % & #1 ^2.tif")
def test_any_file_name_is_drawn(registration, name):
    made = registration()
    object.__setattr__(made.fixed, "name", name)
    file = io.BytesIO()
    picture.save(made, file, dpi=30)
    assert file.getvalue().startswith(b"\x89PNG")
    picture.draw(made).savefig(io.BytesIO(), format="svg")


@pytest.mark.parametrize("swapped", [False, True])
def test_a_detail_is_outlined_on_the_overview(registration, swapped):
    if swapped:
        made = registration((100, 100), (400, 500), scale=1.25, angle=-0.3, translation=(20.0, 10.0))
        overview_from_detail = made.moving_from_fixed
    else:
        made = registration((400, 500), (100, 100), scale=0.8, angle=0.3, translation=(20.0, 10.0))
        overview_from_detail = made.fixed_from_moving
    figure = picture.draw(made)
    with_outline, without = (figure.axes[1], figure.axes[0]) if swapped else figure.axes[:2]
    (outline,) = with_outline.patches
    corners = np.array([[0, 0, 1], [99, 0, 1], [99, 99, 1], [0, 99, 1]])
    assert np.allclose(outline.get_xy()[:4], (corners @ overview_from_detail.T)[:, :2])
    assert not without.patches
    assert ("times as large" in figure.axes[2].get_title(loc="left")) is not swapped


@pytest.mark.parametrize(("verdict", "drawn"), [("review", 3), ("refuse", 1)])
def test_the_next_best_places_of_a_detail_are_outlined_thinly(registration, verdict, drawn):
    made = registration((400, 500), (100, 100), scale=0.8, verdict=verdict)
    moved = [
        np.array([[1, 0, x], [0, 1, 0], [0, 0, 1.0]]) @ made.fixed_from_moving for x in (0, 90, -90, 150)
    ]
    places = tuple(Place(each, p) for each, p in zip(moved, (0.5, 0.3, 0.16, 0.04), strict=True))
    made = replace(made, places=places)
    picture.save(made, io.BytesIO(), dpi=30)
    *others, found = picture.draw(made).axes[0].patches
    assert len(others) + 1 == drawn
    corners = np.array([[0, 0, 1], [99, 0, 1], [99, 99, 1], [0, 99, 1]])
    for outline, matrix in zip((found, *others), moved[:drawn], strict=True):
        assert np.allclose(outline.get_xy()[:4], (corners @ matrix.T)[:, :2])
    assert all(other.get_linewidth() < found.get_linewidth() for other in others)


def saved(found, **how):
    file = io.BytesIO()
    picture.save(found, file, **how)
    return file.getvalue()


def test_name_of_a_tall_image_has_its_own_line(registration):
    name = "grains_area_12_overview.tif"
    figure = picture.draw(registration((500, 100), names=(name, name)))
    lengths = [len(text.get_text()) for axes in figure.axes[:2] for text in axes.texts]
    assert min(lengths) >= 15


def test_letters_of_east_asia_are_drawn(registration):
    names = "\u6676\u7c92.tif", "\u7d50\u6676.tif"
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of a missing letter
        saved(registration(names=names), dpi=60)


def test_text_of_an_svg_stays_text_and_brings_its_fonts(registration):
    found = registration(names=("\u6676\u7c92.tif", "b.tif"), fixed_spacing=0.01)
    root = ElementTree.fromstring(saved(found, format="svg", dpi=60))
    texts = {"".join(text.itertext()) for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"Fixed", "Overlay", "\u6676\u7c92.tif"} <= texts
    style = "".join(each.text or "" for each in root.iter("{http://www.w3.org/2000/svg}style"))
    fonts = [base64.b64decode(part.split(")")[0]) for part in style.split("base64,")[1:]]
    letters = {letter for font in fonts for letter in TTFont(io.BytesIO(font)).getBestCmap()}
    assert {ord(letter) for text in texts for letter in text} <= letters


@pytest.mark.parametrize("colors", picture.OVERLAY_COLORS)
def test_overlay_alone_has_the_shape_of_the_fixed_image_and_its_colours(registration, colors):
    fixed, moving = np.zeros((100, 150), np.uint8), np.zeros((100, 150), np.uint8)
    fixed[20:40, 20:40] = moving[60:80, 60:80] = fixed[60:80, 110:130] = moving[60:80, 110:130] = 200
    options = picture.PictureOptions(content="overlay", colors=colors, scale_bar=False)
    figure = picture.draw(registration(pixels=(fixed, moving), fixed_spacing=0.1), options)
    assert len(figure.axes) == 1 and not figure.axes[0].artists and not written(figure)
    width, height = figure.get_size_inches()
    assert width / height == pytest.approx(1.5)
    overlay = shown(figure, 0)
    assert (to_hex(overlay[30, 30]), to_hex(overlay[70, 70])) == picture.OVERLAY_COLORS[colors]
    assert overlay[70, 120].tolist() == [1, 1, 1]


def test_figure_without_a_status_line_has_no_text_below(registration):
    figure = picture.draw(registration(), picture.PictureOptions(status=False, scale_bar=False))
    assert not figure.texts
