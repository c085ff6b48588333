"""Every function is available by keyboard: these tests use no pointer, and move the focus by Tab only."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from playwright.sync_api import Page, expect
from support.administrator import admin
from support.browser import (
    ask,
    canvas_from,
    fixed_from_moving,
    opened,
    registration_id,
    settled,
    wait_for_result,
)
from support.service import Service

import db.keys

INSTRUMENT = "page-keyboard"
FOCUSED = """([selector, words]) => {
  const { activeElement: element } = document
  return element.matches(selector) && element.innerText.includes(words)
}"""


@pytest.fixture
def key(service_with_keys: Service) -> str:
    admin(service_with_keys, db.keys.add_instrument, INSTRUMENT)
    return admin(service_with_keys, db.keys.add, INSTRUMENT, "", ["read", "write"])[1]


def test_everything_from_the_key_to_the_download_is_done_without_a_mouse(
    browser, service_with_keys, sample_pair, key
):
    with opened(browser, service_with_keys.url) as page:
        answer_file_choosers(page)
        sign_in(page, key)
        choose_and_register(page, sample_pair)
        result = result_of(page, service_with_keys, key)
        open_from_the_list(page)
        blend_and_move(page)
        correct(page, result)
        download(page, result)


def answer_file_choosers(page: Page) -> None:
    """Install a listener for file choosers: without one, a headless browser cancels them.

    Playwright does not wait until the browser knows of a listener, and ``expect_file_chooser`` removes its
    own. A permanent listener and a page that is loaded after it avoid the race.
    """
    page.on("filechooser", lambda _: None)
    page.reload()


def sign_in(page: Page, key: str) -> None:
    expect(page.get_by_label("API key")).to_be_focused()
    page.keyboard.type(key)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Instrument", exact=True)).to_have_value(INSTRUMENT)


def choose_and_register(page: Page, files: tuple[Path, Path]) -> None:
    for role, file in zip(("fixed", "moving"), files, strict=True):
        tab_to(page, f"[data-role={role}] input[type=file]")
        with page.expect_file_chooser() as chooser:
            page.keyboard.press("Enter")
        chooser.value.set_files(file)
        expect(page.locator(f"[data-role={role}] .facts")).to_be_visible()
    tab_to(page, "button.primary")
    page.keyboard.press("Enter")
    wait_for_result(page)


def result_of(page: Page, service: Service, key: str) -> dict:
    url = f"{service.url}/api/v1/registrations/{registration_id(page)}"
    return ask("GET", url, headers={"Authorization": f"Bearer {key}"}).json()["result"]


def open_from_the_list(page: Page) -> None:
    here = page.url
    tab_to(page, ".registration-head a")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Register a pair")).to_be_visible()
    expect(page.locator(".recent-row")).to_have_count(1)
    tab_to(page, ".recent-row")
    page.keyboard.press("Enter")
    page.wait_for_url(here)
    wait_for_result(page)


def blend_and_move(page: Page) -> None:
    tab_to(page, ".stage")
    place = canvas_from(page, "fixed")
    page.keyboard.press("+")
    settled(page, lambda: np.isclose(canvas_from(page, "fixed")[0, 0], 1.25 * place[0, 0], rtol=1e-4))
    place = canvas_from(page, "fixed")
    page.keyboard.press("ArrowRight")
    settled(page, lambda: np.allclose(canvas_from(page, "fixed")[:2, 2] - place[:2, 2], [-40, 0], atol=1e-2))
    page.keyboard.press("0")
    tab_to(page, ".blend input")
    page.keyboard.press("End")
    expect(page.locator(".blend output")).to_have_text("100 %")


def correct(page: Page, result: dict) -> None:
    """Correct by the arrow keys, by a pair of points near the centre of the picture, and by a number."""
    predicted = np.array(result["fixed_from_moving"])
    tab_to(page, "button", "Correct by hand")
    page.keyboard.press("Enter")
    expect(page.get_by_role("radio", name="Move")).to_be_focused()
    back_to(page, ".stage")
    page.keyboard.press("Shift+ArrowDown")
    settled(page, lambda: is_moved(page, predicted, [0, 10]))
    tab_to(page, "[name=tool]")
    for _ in ("Turn", "Scale", "Points"):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Points")).to_be_checked()
    back_to(page, ".stage")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.locator(".point-pairs tbody tr")).to_have_count(1)
    expect(page.locator(".point-options [role=status]")).not_to_have_text("Matching…")
    tab_to(page, ".parameter-fields input")
    page.keyboard.press("Control+A")
    page.keyboard.type("12.5")
    tab_to(page, ".correct button.primary")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Correct by hand")).to_be_focused()
    expect(page.locator("[data-parameter=angle] .corrected")).to_have_text("12.500\N{DEGREE SIGN}")
    expect(page.locator("[data-parameter=angle] .physical")).to_contain_text(f"{result['angle_deg']:.3f}")


def is_moved(page: Page, predicted: np.ndarray, by: list[float]) -> bool:
    return np.allclose(fixed_from_moving(page)[:2, 2] - predicted[:2, 2], by, rtol=0, atol=1e-2)


def download(page: Page, result: dict) -> None:
    tab_to(page, ".downloads a")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert list(tifffile.imread(download.value.path()).shape) == result["fixed"]["shape"]


def tab_to(page: Page, selector: str, words: str = "", key: str = "Tab") -> None:
    """Press Tab until the element (with these words) has the focus."""
    for _ in range(60):
        page.keyboard.press(key)
        if page.evaluate(FOCUSED, [selector, words]):
            return
    raise AssertionError(f"{selector} cannot be reached with the {key} key")


def back_to(page: Page, selector: str) -> None:
    tab_to(page, selector, key="Shift+Tab")
