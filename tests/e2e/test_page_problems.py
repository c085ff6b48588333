"""Messages of the page for bad files, an unavailable service and small screens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from support.browser import choose, opened, settled, wait_for_result

BANNER = "The service does not respond."


@pytest.fixture
def page(browser: Browser, service_url: str) -> Iterator[Page]:
    with opened(browser, service_url) as page:
        yield page


@pytest.fixture
def truncated(sample_pair: tuple[Path, Path], tmp_path: Path) -> Path:
    file = tmp_path / "truncated.tif"
    file.write_bytes(sample_pair[0].read_bytes()[:3000])
    return file


def test_broken_file_is_named_beside_the_image_that_it_was_to_be(page, sample_pair, truncated):
    choose(page, "fixed", sample_pair[0])
    choose(page, "moving", truncated)
    expect(page.locator("[data-role=moving] .problem")).to_contain_text("truncated.tif")
    expect(page.locator("[data-role=fixed] .problem")).to_have_count(0)
    expect(page.get_by_role("button", name="Register")).to_be_disabled()


def test_page_goes_on_after_a_broken_file(page, sample_pair, truncated):
    choose(page, "moving", truncated)
    choose(page, "moving", sample_pair[1])
    choose(page, "fixed", sample_pair[0])
    expect(page.locator(".problem")).to_have_count(0)
    expect(page.get_by_role("button", name="Register")).to_be_enabled()


def test_file_is_described_before_it_is_registered(page, sample_pair):
    choose(page, "fixed", sample_pair[0])
    facts = page.locator("[data-role=fixed] .facts")
    expect(facts).to_contain_text(sample_pair[0].name)
    expect(facts).to_contain_text("uint")
    expect(page.get_by_alt_text(f"Preview of {sample_pair[0].name}")).to_be_visible()


def test_impossible_pixel_spacing_is_not_submitted(page, sample_pair):
    for role, file in zip(("fixed", "moving"), sample_pair, strict=True):
        choose(page, role, file)
    page.get_by_label("Pixel spacing").first.fill("-3")
    expect(page.get_by_role("button", name="Register")).to_be_disabled()
    page.get_by_label("Pixel spacing").first.fill("0,5")
    expect(page.get_by_role("button", name="Register")).to_be_enabled()


def test_typed_pixel_spacing_is_the_one_of_the_result(page, sample_pair):
    for role, file in zip(("fixed", "moving"), sample_pair, strict=True):
        choose(page, role, file)
    page.get_by_label("Pixel spacing").first.fill("250")
    page.get_by_role("button", name="Register").click()
    wait_for_result(page)
    expect(page.locator(".scale-bar")).to_contain_text("mm")


def test_unknown_registration_is_reported(page, service_url):
    page.goto(f"{service_url}/?registration=00000000-0000-4000-8000-000000000000")
    expect(page.locator(".registration .problem")).to_be_visible()


def test_page_says_that_the_service_is_gone_and_goes_on_when_it_is_back(page):
    expect(page.get_by_text("Register a pair")).to_be_visible()
    page.context.set_offline(True)
    expect(page.get_by_text(BANNER)).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text(BANNER)).to_be_hidden()


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_screen(page, sample_pair, width):
    page.set_viewport_size({"width": width, "height": 900})
    choose(page, "fixed", sample_pair[0])
    settled(page, lambda: page.evaluate("document.documentElement.scrollWidth") <= width)
