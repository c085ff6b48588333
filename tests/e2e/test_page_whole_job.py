"""A whole job as it is heard, at a zoom of 200 %, and without motion."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
import tifffile
from playwright.sync_api import Browser, Page, expect
from support.accessible import FITS, faults
from support.browser import (
    choose,
    fixed_from_moving,
    open_details,
    open_result,
    opened,
    read_matrix,
    settled,
    wait_for_picture,
    wait_for_result,
)
from support.service import Service

PATIENCE_MS = 300_000
# The positions of the moving image while it moves, one for each change.
RECORD = """canvas => {
  window.positions = []
  const note = () => positions.push(canvas.dataset.canvasFromMoving)
  new MutationObserver(note).observe(canvas, { attributeFilter: ['data-canvas-from-moving'] })
}"""
# Controls of the view that another element covers, or whose text is cut, once they are scrolled to.
UNREACHABLE = """() => [...document.querySelectorAll(
    'main button, main a[href], main select, main input, main summary, .header a')]
  .filter(element => element.checkVisibility({ contentVisibilityAuto: true, visibilityProperty: true })
    && getComputedStyle(element).opacity !== '0')
  .filter(element => {
    element.scrollIntoView({ block: 'center' })
    const { left, top, width, height } = element.getBoundingClientRect()
    const [x, y] = [left + width / 2, top + height / 2]
    const found = document.elementFromPoint(x, y)
    const hit = found !== null && (element.contains(found) || found.closest('label')?.contains(element))
    const cut = element.matches('button, a, summary') && element.scrollWidth > element.clientWidth + 1
      && getComputedStyle(element).display !== 'inline'
    return !hit || cut
  })
  .map(element => element.outerHTML.slice(0, 120))"""


def assert_read_in_order(page: Page, *parts: str) -> None:
    """Check that a screen reader comes to these parts of the main content in this order, once drawn."""
    deadline = time.monotonic() + PATIENCE_MS / 1e3
    while missing := first_unread(words := page.locator("main").aria_snapshot(), parts):
        assert time.monotonic() < deadline, f"{missing!r} is not read after the parts before it in {words}"
        page.wait_for_timeout(200)


def first_unread(words: str, parts: tuple[str, ...]) -> str | None:
    """Return the first part that does not follow the one before it."""
    begin = 0
    for part in parts:
        found = words.find(part, begin)
        if found < 0:
            return part
        begin = found + len(part)
    return None


def test_whole_job_is_read_in_the_order_of_the_work(browser, service_url, sample_pair):
    with opened(browser, service_url) as page:
        slots = ('heading "Fixed image', '"Choose the fixed image"', 'heading "Moving image')
        assert_read_in_order(page, 'heading "Register a pair"', "Register the sample pair", *slots)
        for role, file in zip(("fixed", "moving"), sample_pair, strict=True):
            choose(page, role, file)
        options = ('combobox "Transform"', 'combobox "Specimen"', "is rotated, scaled and shifted")
        spacings = ('textbox "Pixel spacing"', 'heading "Moving image', 'textbox "Pixel spacing"')
        assert_read_in_order(page, *slots[:2], *spacings, *options, 'button "Register"')
        page.get_by_role("button", name="Register", exact=True).click()
        expect(page.locator(".registration > [role=status]")).not_to_be_empty()
        wait_for_result(page)
        picture = ('application "Both images"', 'group "Zoom"', 'radio "Magenta')
        result = ("status: Accepted.", 'heading "Accepted"', "Off by at most", *picture, "Details")
        assert_read_in_order(page, "heading", *result, 'button "Correct by hand"', 'heading "Downloads"')
        page.get_by_role("button", name="Correct by hand").click()
        panel = ('heading "Correct by hand"', 'radio "Move"', 'textbox "Angle', 'button "Save correction"')
        assert_read_in_order(page, *picture[:1], *panel)
        page.locator(".stage").focus()
        page.keyboard.press("ArrowRight")
        page.get_by_role("button", name="Save correction").click()
        expect(page.get_by_role("button", name="Correct by hand")).to_be_focused()
        assert_read_in_order(page, "status: ", 'heading "Corrected by hand"', "By local", *picture[:1])


@pytest.fixture
def zoomed(browser: Browser, service_url: str) -> Iterator[Page]:
    """A window of 1280 x 860 px at a zoom of 200 %."""
    context = browser.new_context(viewport={"width": 640, "height": 430}, device_scale_factor=2)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(service_url)
    try:
        yield page
    finally:
        context.close()


def assert_usable(page: Page) -> None:
    """Check that nothing is wider than the window, covered, or cut, and that axe finds nothing."""
    expect(page.get_by_role("heading", level=1)).to_be_visible()  # the view was drawn
    settled(page, lambda: page.evaluate(FITS))
    assert page.evaluate(UNREACHABLE) == []
    assert faults(page) == []


def test_whole_job_is_done_at_a_zoom_of_200_percent(zoomed: Page, sample_pair, tmp_path):
    page = zoomed
    assert_usable(page)
    for role, file in zip(("fixed", "moving"), sample_pair, strict=True):
        choose(page, role, file)
    assert_usable(page)
    page.get_by_role("button", name="Register", exact=True).click()
    wait_for_result(page)
    verdict, stage = (page.locator(each).bounding_box() for each in (".verdict", ".stage"))
    assert verdict["y"] + verdict["height"] <= stage["y"], "the verdict is above the picture"
    assert stage["height"] <= 430, "the whole picture is seen at once"
    open_details(page)
    assert_usable(page)
    page.get_by_role("button", name="Correct by hand").click()
    assert_usable(page)
    page.get_by_label("Shift x").fill("3.5")
    page.get_by_role("button", name="Save correction").click()
    expect(page.locator(".verdict")).to_contain_text("Corrected by hand")
    assert_usable(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Registered image").click()
    assert tifffile.imread(download.value.path()).shape == tifffile.imread(sample_pair[0]).shape


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_images_jump_where_motion_is_reduced(browser, service_url, sample_registration, motion):
    with open_result(browser, service_url, sample_registration) as shown:
        page = shown.page
        page.emulate_media(reduced_motion=motion)
        page.locator(".stage canvas").evaluate(RECORD)
        page.get_by_label("Before registration").check()
        settled(page, lambda: np.allclose(fixed_from_moving(page)[:2, :2], np.eye(2), atol=1e-9))
        wait_for_picture(page)
        positions = page.evaluate("window.positions")
        turns = [np.arctan2(*read_matrix(text)[:2, 0][::-1]) for text in positions]
        between = [turn for turn in turns if abs(turn) > 1e-9]
        assert (len(between) == 0) == (motion == "reduce"), turns
        assert motion != "reduce" or page.evaluate("document.getAnimations().length") == 0


def test_form_and_result_fit_a_laptop(browser: Browser, service_url: str, sample_pair):
    """The button of a chosen pair, and the verdict with the picture, need no scrolling at 1280 x 860 px."""
    context = browser.new_context(viewport={"width": 1280, "height": 860})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(service_url)
    for role, file in zip(("fixed", "moving"), sample_pair, strict=True):
        choose(page, role, file)
    expect(page.locator(".plan")).to_be_visible()
    box = page.get_by_role("button", name="Register", exact=True).bounding_box()
    assert box["y"] + box["height"] <= 860
    page.get_by_role("button", name="Register", exact=True).click()
    wait_for_result(page)
    for part in (".verdict", ".stage", ".result-details > summary", ".readout"):
        box = page.locator(part).bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= 860, part
    context.close()


def test_details_are_folded_until_they_are_opened_and_the_link_keeps_them(
    browser, service: Service, sample_registration
):
    with open_result(browser, service.url, sample_registration) as shown:
        page, result = shown.page, shown.result
        expect(page.locator("[data-parameter=angle]")).to_be_hidden()
        expect(page.get_by_role("heading", name="Provenance")).to_be_hidden()
        turn = f"{result['angle_deg']:.1f}°".replace("-", "\N{MINUS SIGN}")
        expect(page.locator(".result-details > summary")).to_contain_text(f"{turn}, \N{MULTIPLICATION SIGN}")
        open_details(page)
        expect(page.locator("[data-parameter=angle]")).to_be_visible()
        page.wait_for_url("**details=1**")
        page.reload()
        wait_for_result(page)
        expect(page.locator("[data-parameter=angle]")).to_be_visible()
        page.locator(".result-details > summary").press("Enter")
        expect(page.locator("[data-parameter=angle]")).to_be_hidden()
        settled(page, lambda: "details" not in page.url)
