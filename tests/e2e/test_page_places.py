"""The page shows where a detail lies in an overview, and the next best places."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from scipy import ndimage
from support.accessible import assert_accessible
from support.browser import Shown, canvas_from, fixed_from_moving, open_result, settled, wait_for_result
from support.service import Service, tiff

from xebra.resample import resample
from xebra.transform import SimilarityTransform

SIDE, TILE, DETAIL = 640, 320, 160


def clouds(side: int, seed: int) -> np.ndarray:
    """Return noise at all lengths from 4 px to a quarter of the side, uint16."""
    random = np.random.default_rng(seed)
    image, cell = np.zeros((side, side)), 4
    while cell < side // 4:
        coarse = random.standard_normal((side // cell + 2,) * 2)
        image += ndimage.zoom(coarse, cell, order=1)[:side, :side] * cell**0.5
        cell *= 2
    return np.clip(30_000 + 8_000 * image / image.std(), 0, 65_535).astype(np.uint16)


def detail_of(overview: np.ndarray, angle: float, x: float, y: float) -> np.ndarray:
    """Return the part of an overview around a point, turned."""
    middle = (DETAIL - 1) / 2
    matrix = SimilarityTransform(1.0, angle, (x - middle, y - middle), (middle, middle)).matrix
    return resample(overview, matrix, (DETAIL, DETAIL))


def shown_pair(browser: Browser, service: Service, **images: np.ndarray):
    """Return the page with the result of a pair."""
    fixed, moving = (
        service.upload(tiff(images[role], 1.0), f"{role}-places.tif") for role in ("fixed", "moving")
    )
    return open_result(browser, service.url, service.wait(service.submit(fixed, moving)))


@pytest.fixture(scope="module")
def one(browser: Browser, service: Service) -> Iterator[Shown]:
    """A detail that fits at one place of the fixed image."""
    overview = clouds(SIDE, 5)
    with shown_pair(browser, service, fixed=overview, moving=detail_of(overview, 0.3, 420, 250)) as shown:
        yield shown


@pytest.fixture(scope="module")
def several(browser: Browser, service: Service) -> Iterator[Shown]:
    """A detail of a repeating pattern, which fits at several places of the fixed image."""
    overview = np.tile(clouds(TILE, 8), (2, 2))
    with shown_pair(browser, service, fixed=overview, moving=detail_of(overview, 0.0, 200, 180)) as shown:
        yield shown


@pytest.fixture(scope="module")
def swapped(browser: Browser, service: Service) -> Iterator[Shown]:
    """A detail that is the fixed image."""
    overview = clouds(SIDE, 6)
    with shown_pair(browser, service, fixed=detail_of(overview, 0.3, 420, 250), moving=overview) as shown:
        yield shown


@pytest.fixture
def page(several: Shown) -> Page:
    several.page.set_viewport_size({"width": 1280, "height": 900})
    several.page.goto(f"{several.url}/?registration={several.registration['id']}")
    wait_for_result(several.page)
    return several.page


def outlines(page: Page) -> np.ndarray:
    """Return the corners (places, 4, 2) of the outlines on the map, by number."""
    found = page.locator("polygon[data-place]").all()
    ordered = sorted(found, key=lambda each: int(each.get_attribute("data-place")))
    return np.array(
        [
            [[float(number) for number in point.split(",")] for point in each.get_attribute("points").split()]
            for each in ordered
        ]
    )


def corners(matrix: np.ndarray | list) -> np.ndarray:
    """Return the corners of the detail under a matrix."""
    low, high = -0.5, DETAIL - 0.5
    square = np.array([[low, low, 1], [high, low, 1], [high, high, 1], [low, high, 1]])
    return (square @ np.array(matrix).T)[:, :2]


def extent_on_canvas(page: Page, matrix: np.ndarray | list) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and largest canvas position of the detail under fixed_from_moving, in canvas sides."""
    canvas_from_fixed = canvas_from(page, "fixed")
    size = page.locator(".stage canvas").evaluate("canvas => [canvas.width, canvas.height]")
    found = (np.column_stack([corners(matrix), np.ones(4)]) @ canvas_from_fixed.T)[:, :2] / size
    return found.min(0), found.max(0)


@pytest.mark.parametrize("pair", ["one", "swapped"])
def test_the_map_outlines_the_detail_where_the_result_has_it(pair, request):
    shown = request.getfixturevalue(pair)
    detail = "moving" if pair == "one" else "fixed"
    overview_from_detail = shown.result["fixed_from_moving" if pair == "one" else "moving_from_fixed"]
    assert shown.result["verdict"] == "accept", shown.result["reason"]
    assert outlines(shown.page) == pytest.approx(corners(overview_from_detail)[None], abs=0.01)
    overview = "fixed" if detail == "moving" else "moving"
    image = shown.page.locator(".place-map image")
    expect(image).to_have_attribute(
        "href", f"{shown.url}{shown.registration['links'][f'{overview}_preview']}"
    )
    expect(
        shown.page.get_by_role("img", name=f"{detail}-places.tif in {overview}-places.tif")
    ).to_be_visible()
    expect(shown.page.locator(".places")).to_contain_text("covers 6.3")
    expect(shown.page.locator(".place-list")).to_have_count(0)


def test_the_viewer_begins_at_the_surroundings_of_the_detail(one):
    page, matrix = one.page, one.result["fixed_from_moving"]
    low, high = extent_on_canvas(page, matrix)
    assert (low > 0).all() and (high < 1).all() and (high - low).max() > 0.55
    page.get_by_role("button", name="Whole image").click()
    page.wait_for_url("**at=whole**")
    settled(page, lambda: (np.subtract(*extent_on_canvas(page, matrix)[::-1]) < 0.4).all())
    page.reload()
    wait_for_result(page)
    expect(page.get_by_role("button", name="Whole image")).to_have_attribute("aria-pressed", "true")
    page.locator(".stage").focus()
    page.keyboard.press("d")
    settled(page, lambda: np.subtract(*extent_on_canvas(page, matrix)[::-1]).max() > 0.55)
    expect(page.get_by_role("button", name="Detail", exact=True)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("0")
    expect(page.get_by_role("button", name="Whole image")).to_have_attribute("aria-pressed", "true")


def test_several_places_are_listed_with_their_probability(page, several):
    places = [each for each in several.result["places"] if each["probability"] >= 0.01]
    assert several.result["verdict"] == "review" and len(places) > 1
    assert outlines(page) == pytest.approx(
        np.array([corners(each["fixed_from_moving"]) for each in places]), abs=0.01
    )
    assert several.picture("picture").shape[0] > 500
    rows = page.locator(".place-list label")
    expect(rows).to_have_count(len(places))
    for row, place in zip(rows.all(), places, strict=True):
        stated = row.locator(".place-probability").inner_text().replace("\u202f%", "")
        assert float(stated) == pytest.approx(100 * place["probability"], abs=0.5)


def test_a_place_is_shown_by_keyboard_and_kept_in_the_address(page, several):
    second = several.result["places"][1]["fixed_from_moving"]
    page.get_by_role("radio", name="Place 1").focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_url("**place=2**")
    settled(page, lambda: np.allclose(fixed_from_moving(page), second, atol=1e-6))
    low, high = extent_on_canvas(page, second)
    assert (low > 0).all() and (high < 1).all() and (high - low).max() > 0.55
    expect(page.locator(".parameters")).to_contain_text("Place 2")
    page.reload()
    wait_for_result(page)
    expect(page.get_by_role("radio", name="Place 2")).to_be_checked()
    page.locator("polygon[data-place='1']").click(force=True)
    expect(page.get_by_role("radio", name="Place 1")).to_be_checked()
    settled(page, lambda: "place=" not in page.url)


def test_the_map_and_its_list_are_accessible(page):
    page.get_by_role("radio", name="Place 2").check()
    assert_accessible(page)


def test_another_place_becomes_the_result_by_a_correction(page, several):
    second = several.result["places"][1]["fixed_from_moving"]
    page.get_by_role("radio", name="Place 2").check()
    page.get_by_role("button", name="Use place 2").click()
    expect(page.get_by_role("radio", name="place 2 of the search")).to_be_checked()
    settled(page, lambda: np.allclose(fixed_from_moving(page), second, atol=1e-6))
    expect(page.locator(".place-list")).to_have_count(0)
    assert outlines(page) == pytest.approx(corners(second)[None], abs=0.01)
    page.get_by_role("radio", name="Predicted").check()
    expect(page.get_by_role("radio", name="Place 1")).to_be_checked()


def test_similar_fields_of_view_have_no_map(shown):
    expect(shown.page.locator(".places")).to_have_count(0)
    expect(shown.page.get_by_role("button", name="Detail", exact=True)).to_have_count(0)
    assert shown.result["places"] == []
