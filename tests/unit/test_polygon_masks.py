"""Masks drawn as polygons: which pixels they hold, how they are combined and what is refused."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.instrument_scenes import data_bar, missed, texture

import xebra
from xebra.cli import main
from xebra.errors import MaskInvalid
from xebra.image_files import write_tiff
from xebra.masks import MOST_POINTS, PolygonMask, read_mask
from xebra.polygons import inside, polygon_of, rectangle
from xebra.usable_area import usable_areas

SHAPE = (120, 140)
FULL = rectangle(-1, -1, 140, 120)
COORDINATES = st.floats(-40, 180)


def mask(include=(), exclude=(), array=None):
    return PolygonMask.from_json({"include": list(include), "exclude": list(exclude)}, array)


def pair(seed=3):
    """Return two images (H, W) of a specimen that has moved by (14, 9) px (x, y)."""
    whole = texture((160, 180), seed)
    return whole[10:130, 20:160], whole[19:139, 34:174]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(COORDINATES, COORDINATES), min_size=3, max_size=3))
def test_pixels_inside_of_a_triangle(points):
    ring = [*points, points[0]]
    y, x = np.indices(SHAPE)
    sides = [(b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]) for a, b in pairwise(ring)]
    on_an_edge = np.any(np.abs(sides) < 1e-6, 0)
    expected = np.all(np.array(sides) > 0, 0) | np.all(np.array(sides) < 0, 0)
    assert np.array_equal(inside([[ring]], SHAPE)[~on_an_edge], expected[~on_an_edge])


def test_centres_decide_and_holes_are_left_out():
    ring, hole = ([[a, a], [b, a], [b, b], [a, b], [a, a]] for a, b in ((9.5, 50.5), (20.5, 30.5)))
    found = inside([polygon_of({"type": "Polygon", "coordinates": [ring, hole]})], SHAPE)
    expected = np.zeros(SHAPE, bool)
    expected[10:51, 10:51], expected[21:31, 21:31] = True, False
    assert np.array_equal(found, expected)


def test_included_and_excluded_areas_and_an_array_are_combined():
    array = np.ones(SHAPE, bool)
    array[:, :30] = False
    drawn = mask([rectangle(-0.5, -0.5, 99.5, 79.5), rectangle(90, 60, 200, 200)], [rectangle(0, 0, 50, 20)])
    found = PolygonMask(drawn.include, drawn.exclude, array).pixels("fixed", SHAPE)
    expected = np.zeros(SHAPE, bool)
    expected[:80, :100] = expected[60:, 90:] = True
    expected[0:20, 0:50] = False
    assert np.array_equal(found, expected & array)


def test_with_excluded_areas_alone_the_data_bar_is_found_too():
    (fixed, bar), moving = data_bar(pair()[0]), pair()[1]
    corner = rectangle(0, 0, 30, 30)
    result = xebra.register(fixed, moving, fixed_mask=mask(exclude=[corner]))
    assert set(result.fixed_area.excluded) == {"given mask", "data bar"}
    assert missed(result.fixed_area, bar) == 0 and not result.fixed_area.mask[:30, :30].any()
    whole = xebra.register(fixed, moving, fixed_mask=mask([FULL], [corner]))
    assert whole.fixed_area.excluded == ("given mask",) and whole.fixed_area.mask[bar].all()


def test_excluded_areas_have_no_say():
    """Most of both images shows another specimen, displaced otherwise, where the user excludes it."""
    fixed, moving = (image.copy() for image in pair())
    other = texture(SHAPE, seed=99, grain=1.5)
    fixed[:, 60:], moving[:, 60:] = other[:, 60:], np.roll(other, (8, 10), (0, 1))[:, 60:]
    excluded = mask(exclude=[rectangle(59.5, -1, 141, 121)])
    found = xebra.register(fixed, moving, fixed_mask=excluded, moving_mask=excluded)
    truth = np.array([[1, 0, 14], [0, 1, 9], [0, 0, 1]])
    assert np.abs(found.fixed_from_moving - truth).max() < 1
    assert np.abs(xebra.register(fixed, moving).fixed_from_moving - truth).max() > 5


@pytest.mark.parametrize(
    "body, words",
    [
        ([], "a mask must be"),
        ({"includes": []}, "a mask must be"),
        ({"exclude": [[[0, 0], [1, 0], [1, 1]]]}, "GeoJSON Polygon"),
        ({"exclude": [{"type": "Point", "coordinates": [0, 0]}]}, "GeoJSON Polygon"),
        ({"exclude": [{"type": "Polygon", "coordinates": []}]}, "at least one ring"),
        ({"exclude": [{"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [9, 9]]]}]}, "equal its first"),
        ({"exclude": [{"type": "Polygon", "coordinates": [[[0, 0], [9, 0], [0, 0]]]}]}, "at least 4 points"),
        ({"exclude": [{"type": "Polygon", "coordinates": [["ab", "cd"]]}]}, "list of points"),
        ({"include": [rectangle(0, 0, float("nan"), 9)]}, "coordinates must be px"),
        ({"include": [rectangle(0, 0, 1e7, 9)]}, "coordinates must be px"),
        ({"include": 5}, "lists of polygons"),
        ({"include": [FULL] * (MOST_POINTS // 5 + 1)}, "give an image as mask"),
    ],
)
def test_what_is_no_mask_is_refused_with_the_reason(body, words):
    with pytest.raises(MaskInvalid, match=words):
        PolygonMask.from_json(body)


@pytest.mark.parametrize(
    "drawn, words",
    [
        (mask(exclude=[FULL]), "leaves 0 px"),
        (mask([rectangle(0, 0, 20, 20)]), "leaves 400 px"),
        (
            mask(exclude=[rectangle(140, 0, 150, 10)]),
            "moving: a polygon lies outside of the image, .*140 x 120",
        ),
        (mask([rectangle(-9, -9, -1, 100)]), "outside of the image"),
        (mask(exclude=[rectangle(0, 0, 9, 9)], array=np.ones((9, 9), bool)), "one value for each pixel"),
    ],
)
def test_masks_that_do_not_fit_the_image_are_refused_with_the_reason(drawn, words):
    with pytest.raises(MaskInvalid, match=words):
        xebra.register(*pair(), moving_mask=drawn)


def test_polygons_on_the_command_line(tmp_path, capsys):
    files = [str(tmp_path / name) for name in ("fixed.tif", "moving.tif", "mask.json")]
    for file, pixels in zip(files, pair(), strict=False):
        write_tiff(file, pixels)
    (tmp_path / "mask.json").write_text(json.dumps({"exclude": [rectangle(-0.5, -0.5, 27.5, 120)]}))
    assert read_mask(files[2]).exclude and not read_mask(files[2]).only_rule
    command = ["register", *files[:2], "-o", str(tmp_path / "out"), "--moving-mask", files[2]]
    assert main(command) == 0
    assert "given mask (20 % of the moving image)" in capsys.readouterr().out
    (tmp_path / "mask.json").write_text("{")
    assert main(command) == 2
    assert "mask.json: " in capsys.readouterr().err


def test_excluded_areas_of_a_large_image():
    """Of images over 4096 px every second pixel is examined; the polygon itself is exact up to a pixel."""
    small, bar = data_bar(texture((1100, 1030), seed=4))
    image = np.kron(small, np.ones((4, 4), np.float32))
    corner = rectangle(-0.5, -0.5, 1000.5, 700.5)
    drawn = mask(exclude=[corner]).pixels("fixed", image.shape)
    area, other = usable_areas(image, image[:4096, :4096], drawn, find_more=(True, False))
    assert set(area.excluded) == {"given mask", "data bar"} and other.excluded == ("data bar",)
    assert not area.mask[:701, :1001].any() and area.mask[703:2000, 1003:].all()
    assert missed(area, np.kron(bar, np.ones((4, 4), bool))) == 0
    only = usable_areas(image, image[:4096, :4096], drawn)[0]
    assert np.array_equal(only.mask, drawn)
