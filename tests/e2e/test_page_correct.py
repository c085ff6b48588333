"""A position corrected by hand is stored beside the prediction, displayed and downloaded."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile
from playwright.sync_api import Browser, Page, expect
from support.accessible import faults
from support.browser import (
    Shown,
    ask,
    canvas_from,
    fixed_from_moving,
    open_details,
    open_result,
    registration_id,
    settled,
    wait_for_layout,
    wait_for_picture,
    wait_for_result,
)
from support.service import Service

from xebra.resample import resample
from xebra.transform import corners, map_points


@pytest.fixture
def shown(browser: Browser, service: Service, sample_pair: tuple[Path, Path]) -> Iterator[Shown]:
    """A registration of its own for each test, because a correction changes it for all."""
    fixed, moving = (service.upload(file.read_bytes(), file.name) for file in sample_pair)
    with open_result(browser, service.url, service.wait(service.submit(fixed, moving))) as shown:
        yield shown


@pytest.fixture
def page(shown: Shown) -> Page:
    """The page with the tools open."""
    shown.page.goto(f"{shown.url}/?registration={shown.registration['id']}")
    wait_for_result(shown.page)
    shown.page.get_by_role("button", name="Correct by hand").click()
    expect(shown.page.get_by_role("heading", name="Correct by hand")).to_be_visible()
    wait_for_picture(shown.page)
    wait_for_layout(shown.page)
    return shown.page


def test_dragging_moves_the_moving_image_and_undo_brings_it_back(page, shown):
    before, zoom = fixed_from_moving(page), canvas_from(page, "fixed")[0, 0]
    page.locator(".stage").scroll_into_view_if_needed()
    wait_for_layout(page)
    box = page.locator(".stage").bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 340, box["y"] + 180, steps=3)
    page.mouse.up()
    shift = np.array([[0, 0, 40 / zoom], [0, 0, -20 / zoom], [0, 0, 0]])
    settled(page, lambda: np.allclose(fixed_from_moving(page) - before, shift, rtol=0, atol=0.3))
    assert fixed_from_moving(page)[:2, :2] == pytest.approx(before[:2, :2], abs=1e-6)
    page.get_by_role("button", name="Undo").click()
    settled(page, lambda: np.allclose(fixed_from_moving(page), before, atol=1e-6))


def test_keys_move_turn_and_scale(page):
    start = fixed_from_moving(page)
    page.locator(".stage").focus()
    page.keyboard.press("Shift+ArrowRight")
    settled(page, lambda: abs(fixed_from_moving(page)[0, 2] - start[0, 2] - 10) < 1e-4)
    page.get_by_role("radio", name="Rotate").check()
    page.locator(".stage").focus()
    page.keyboard.press("Shift+ArrowRight")
    turned = page.get_by_label("Angle")
    settled(page, lambda: abs(float(turned.input_value()) - angle(start) - 1) < 0.0011)  # it is rounded
    page.get_by_role("radio", name="Scale").check()
    page.locator(".stage").focus()
    page.keyboard.press("ArrowUp")
    settled(page, lambda: np.isclose(size(fixed_from_moving(page)), 1.001 * size(start), rtol=1e-5))


def test_typed_numbers_are_saved_as_a_correction_beside_the_prediction(page, shown):
    page.get_by_label("Angle").fill("12,5")
    page.get_by_label("Shift x").fill("3.25")
    page.get_by_label("Note").fill("by the fiducials")
    page.get_by_role("button", name="Save correction").click()
    expect(page.locator(".positions")).to_contain_text("by the fiducials")
    kept = ask("GET", shown.url + shown.registration["links"]["corrections"]).json()["items"][-1]
    assert angle(np.array(kept["fixed_from_moving"])) == pytest.approx(12.5, abs=1e-4)
    settled(page, lambda: np.allclose(fixed_from_moving(page), kept["fixed_from_moving"], atol=1e-6))
    spots = corners(shown.result["fixed"]["shape"])
    moved = np.array(kept["fixed_from_moving"]) @ np.array(shown.result["moving_from_fixed"])
    far = np.hypot(*(map_points(moved, spots) - spots).T).mean()
    open_details(page)
    moved_by = page.locator("[data-parameter=moved_by] td").last.inner_text()
    assert float(moved_by.split()[-2]) == pytest.approx(far, abs=0.011)  # it is rounded
    expect(page.locator("[data-parameter=shift_x] .corrected")).to_have_text("3.25\u202fpx")
    assert faults(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the transform").click()
    taken = json.loads(Path(download.value.path()).read_text())
    assert np.allclose(taken["fixed_from_moving"], kept["fixed_from_moving"], atol=1e-6)
    page.wait_for_url(f"**/*correction={kept['id']}*")
    page.reload()
    wait_for_result(page)
    settled(page, lambda: np.allclose(fixed_from_moving(page), kept["fixed_from_moving"], atol=1e-6))
    page.get_by_label("Predicted").check()
    settled(page, lambda: np.allclose(fixed_from_moving(page), shown.result["fixed_from_moving"], atol=1e-6))
    expect(page.locator(".verdict")).not_to_contain_text("Corrected by hand")
    now = ask("GET", shown.url + shown.registration["links"]["self"]).json()
    assert now["prediction"] == shown.result
    assert now["result"]["fixed_from_moving"] == kept["fixed_from_moving"]


def test_a_correction_counts_everywhere(page, shown):
    page.get_by_label("Shift x").fill("4.5")
    page.get_by_label("Note").fill("by eye")
    page.get_by_role("button", name="Save correction").click()
    expect(page.locator(".verdict")).to_contain_text("Corrected by hand")
    expect(page.locator(".verdict")).to_contain_text("By local")
    row = page.locator(".recent-item", has=page.locator(f"a[href*='{shown.registration['id']}']"))
    expect(row.locator(".state")).to_have_text("Corrected by hand")
    page.goto(f"{shown.url}/?registration={shown.registration['id']}")  # as from the list, without a position
    wait_for_result(page)
    expect(page.locator(".verdict")).to_contain_text("“by eye”")
    kept = ask("GET", shown.url + shown.registration["links"]["corrections"]).json()["items"][-1]
    settled(page, lambda: np.allclose(fixed_from_moving(page), kept["fixed_from_moving"], atol=1e-6))
    with page.expect_download() as download:
        page.get_by_role("link", name="Registered image").click()
    taken = tifffile.imread(download.value.path())
    content = ask("GET", f"{shown.url}/api/v1/images/{shown.registration['moving_image_id']}/content").content
    matrix = np.linalg.inv(kept["fixed_from_moving"])
    np.testing.assert_array_equal(taken, resample(tifffile.imread(io.BytesIO(content)), matrix, taken.shape))
    page.get_by_label("Which registrations").select_option("Corrected by hand")
    expect(row).to_be_visible()


def test_an_unsaved_correction_is_not_lost_without_a_question(page, shown):
    page.get_by_role("button", name="Close").click()
    page.get_by_role("link", name="New registration", exact=True).click()
    page.locator(f".recent-row[href*='{shown.registration['id']}']").click()
    wait_for_result(page)
    page.get_by_role("button", name="Correct by hand").click()
    page.get_by_label("Shift x").fill("7")
    question = page.get_by_role("heading", name="Discard the correction?")
    page.get_by_role("link", name="New registration", exact=True).click()
    expect(question).to_be_visible()
    page.get_by_role("button", name="Keep correcting").click()
    expect(page.get_by_label("Shift x")).to_have_value("7.00")
    page.evaluate("history.back()")
    expect(question).to_be_visible()
    assert registration_id(page) == shown.registration["id"]
    page.keyboard.press("Escape")
    expect(page.get_by_label("Shift x")).to_have_value("7.00")
    page.get_by_role("button", name="Close").click()
    expect(question).to_be_visible()
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_role("heading", name="Correct by hand")).to_have_count(0)
    page.get_by_role("link", name="New registration", exact=True).click()  # nothing is unsaved any more
    expect(page.get_by_role("heading", name="Register a pair")).to_be_visible()


def angle(matrix: np.ndarray) -> float:
    return float(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0])))


def size(matrix: np.ndarray) -> float:
    return float(np.sqrt(np.linalg.det(matrix[:2, :2])))
