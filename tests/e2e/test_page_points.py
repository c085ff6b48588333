"""Points are picked in two panes, snapped to what the network finds, and fitted with residuals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from support.accessible import assert_accessible
from support.browser import (
    Shown,
    ask,
    canvas_from,
    canvas_pixels,
    open_result,
    settled,
    wait_for_layout,
    wait_for_picture,
    wait_for_result,
)
from support.service import Service

from xebra.transform import corners, map_points

SPOTS = np.array([[60.0, 60], [200, 80], [110, 190]])  # px of the fixed image
ALL_ROLES = ("fixed", "moving")


@pytest.fixture(scope="module")
def shown(browser: Browser, service: Service, sample_pair: tuple[Path, Path]) -> Iterator[Shown]:
    """A registration of its own, because the last test corrects it."""
    fixed, moving = (service.upload(file.read_bytes(), file.name) for file in sample_pair)
    with open_result(browser, service.url, service.wait(service.submit(fixed, moving))) as shown:
        yield shown


@pytest.fixture
def page(shown: Shown) -> Page:
    """The page with both panes."""
    page = shown.page
    page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(f"{shown.url}/?registration={shown.registration['id']}")
    wait_for_result(page)
    page.evaluate("window.addEventListener('beforeunload', event => event.stopImmediatePropagation(), true)")
    page.get_by_role("button", name="Correct by hand").click()
    pick(page)
    return page


def pick(page: Page) -> None:
    page.get_by_label("Points", exact=True).check()
    expect(page.get_by_role("group", name="Panes")).to_be_visible()
    page.locator(".stage").scroll_into_view_if_needed()
    wait_for_picture(page)
    wait_for_layout(page)


def place(page: Page, role: str, point: np.ndarray) -> tuple[float, float]:
    """Return the position on the screen of a point of an image in its pane."""
    box = page.locator(".stage").bounding_box()
    x, y, _ = canvas_from(page, role) @ [*point, 1]
    shift = (-1 if role == "fixed" else 1) * (round(box["width"]) // 4)
    return box["x"] + x + 0.5 + shift, box["y"] + y + 0.5


def click(page: Page, role: str, point: np.ndarray) -> None:
    page.mouse.click(*place(page, role, point))


def pick_pairs(page: Page, shown: Shown, beside: np.ndarray) -> None:
    """Click the three spots in both panes, the moving points beside the true ones."""
    moving = map_points(np.array(shown.result["moving_from_fixed"]), SPOTS) + beside
    for number, pair in enumerate(zip(SPOTS, moving, strict=True), 1):
        for role, spot in zip(ALL_ROLES, pair, strict=True):
            click(page, role, spot)
        expect(page.locator(".point-pairs tbody tr")).to_have_count(number)
        if page.get_by_label("Snap points to the images").is_checked():
            expect(page.locator(".point-pairs tbody").get_by_text("±")).to_have_count(number)


def set_snapping(page: Page, wanted: bool) -> None:
    page.get_by_label("Snap points to the images").set_checked(wanted)


def drawn_transform(page: Page) -> np.ndarray:
    """Return fixed_from_moving by the fields, which state it to their last digit."""
    scale, angle = number(page, "Scale"), np.radians(number(page, "Angle"))
    linear = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middle = np.array([127.5, 127.5])
    shift = np.array([number(page, "Shift x"), number(page, "Shift y")])
    matrix = np.eye(3)
    matrix[:2, :2], matrix[:2, 2] = linear, middle + shift - linear @ middle
    return matrix


def number(page: Page, field: str) -> float:
    return float(page.locator(".parameter-fields").get_by_label(field).input_value())


def corner_error(page: Page, shown: Shown) -> float:
    """Return the mean distance of the drawn corners from the result's, px."""
    spots = corners(shown.result["fixed"]["shape"])
    moved = drawn_transform(page) @ np.array(shown.result["moving_from_fixed"])
    return float(np.hypot(*(map_points(moved, spots) - spots).T).mean())


def residuals(page: Page) -> list[float]:
    cells = page.locator("[data-residual]")
    return [float(cell) for cell in cells.evaluate_all("all => all.map(one => one.dataset.residual)")]


def test_each_image_is_well_visible_whatever_the_transform_and_pairs_bring_it_back(page, shown):
    page.get_by_label("Shift x").fill("3000")
    page.get_by_label("Angle").fill("130")
    page.get_by_label("Move", exact=True).check()
    pick(page)
    page.get_by_role("button", name="Whole images").click()
    drawn = canvas_pixels(page)
    half = drawn.shape[1] // 2
    for pane in (drawn[:, :half], drawn[:, half:]):
        assert (pane[..., 3] == 255).mean() > 0.15  # turned, it fills less
    set_snapping(page, False)
    pick_pairs(page, shown, np.zeros(2))
    settled(page, lambda: corner_error(page, shown) < 2)
    assert max(residuals(page)) < 1.5
    expect(page.locator(".point-pairs tfoot")).to_contain_text("RMS")


def test_points_are_snapped_to_what_the_network_finds_and_undo_takes_that_back(page, shown):
    pick_pairs(page, shown, np.array([3.0, -3.0]))
    snapped = page.locator(".point-pairs tbody").get_by_text("±")
    expect(snapped).to_have_count(3)
    settled(page, lambda: corner_error(page, shown) < 1.5)
    page.get_by_role("button", name="Undo").click()
    expect(snapped).to_have_count(2)
    page.keyboard.press("Control+z")
    expect(page.locator(".point-pairs tbody tr")).to_have_count(2)
    for _ in range(2):
        page.keyboard.press("Control+Shift+z")
    expect(snapped).to_have_count(3)
    expect(page.get_by_role("button", name="Redo")).to_be_disabled()
    page.get_by_role("button", name="Remove pair 2").click()
    expect(page.locator(".point-pairs tbody tr")).to_have_count(2)


def test_residuals_follow_a_dragged_point(page, shown):
    set_snapping(page, False)
    pick_pairs(page, shown, np.zeros(2))
    before = residuals(page)
    x, y = place(page, "moving", map_points(np.array(shown.result["moving_from_fixed"]), SPOTS)[0])
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y + 10, steps=3)
    settled(page, lambda: max(residuals(page)) > max(before) + 1)
    page.mouse.up()
    page.keyboard.press("Control+z")  # the whole drag
    settled(page, lambda: residuals(page) == pytest.approx(before))


def test_zoom_and_pan_go_to_both_panes_unless_they_are_unlinked(page):
    zooms = [canvas_from(page, role)[0, 0] for role in ALL_ROLES]
    page.mouse.move(*place(page, "fixed", SPOTS[0]))
    page.mouse.wheel(0, -300)
    settled(page, lambda: canvas_from(page, "fixed")[0, 0] > 1.5 * zooms[0])
    ratios = [canvas_from(page, role)[0, 0] / zoom for role, zoom in zip(ALL_ROLES, zooms, strict=True)]
    assert ratios[0] == pytest.approx(ratios[1])
    link = page.get_by_role("button", name="Zoom and pan both panes")
    link.click()
    expect(link).to_have_attribute("aria-pressed", "false")
    fixed, moving = (canvas_from(page, role) for role in ALL_ROLES)
    x, y = place(page, "moving", np.array([128.0, 128]))
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 40, y + 20, steps=3)
    page.mouse.up()
    settled(page, lambda: np.allclose(canvas_from(page, "moving")[:2, 2] - moving[:2, 2], (-40, 20), atol=1))
    assert np.array_equal(canvas_from(page, "fixed"), fixed)
    page.get_by_role("button", name="Same place in both panes").click()
    settled(page, lambda: not np.array_equal(canvas_from(page, "moving"), moving))


def test_points_are_picked_with_keys(page):
    page.locator(".stage").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".correct [role=status]").first).to_contain_text("in the moving image")
    fixed = canvas_from(page, "fixed")
    page.keyboard.press("ArrowLeft")  # the pane of the missing point alone
    page.keyboard.press("Enter")
    expect(page.locator(".point-pairs tbody tr")).to_have_count(1)
    assert np.array_equal(canvas_from(page, "fixed"), fixed)
    page.keyboard.press("Backspace")
    expect(page.get_by_role("button", name="Redo")).to_be_enabled()
    page.keyboard.press("l")
    expect(page.get_by_role("button", name="Zoom and pan both panes")).to_have_attribute(
        "aria-pressed", "false"
    )


def test_the_panes_are_accessible_and_what_was_fitted_is_saved(page, shown):
    set_snapping(page, False)
    pick_pairs(page, shown, np.array([0.0, 6.0]))
    fitted = drawn_transform(page)
    assert_accessible(page)
    page.get_by_role("button", name="Save correction").click()
    expect(page.locator(".verdict")).to_contain_text("Corrected by hand")
    kept = ask("GET", shown.url + shown.registration["links"]["corrections"]).json()["items"][-1]
    assert np.allclose(kept["fixed_from_moving"], fitted, rtol=0, atol=0.1)
