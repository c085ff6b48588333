"""The list of registrations is updated automatically; many files are paired before they are submitted."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, expect
from support.browser import opened
from support.service import Service

HIDE = """hidden => {
  Object.defineProperty(document, 'hidden', { value: hidden, configurable: true })
  document.dispatchEvent(new Event('visibilitychange'))
}"""


@pytest.fixture
def page(browser: Browser, service_url: str) -> Iterator[Page]:
    with opened(browser, service_url) as page:
        yield page


def test_what_others_submit_appears_and_ends_without_a_reload(page, service: Service, sample_pair):
    fixed, moving = (
        service.upload(file.read_bytes(), name)
        for file, name in zip(sample_pair, ("ours.tif", "theirs.tif"), strict=True)
    )
    job = service.submit(fixed, moving)
    row = page.locator(".recent-item", has=page.locator(f"a[href*='{job['id']}']"))
    expect(row).to_contain_text("theirs.tif onto ours.tif")
    expect(row.locator(".state-accept")).to_be_visible()
    expect(row).to_contain_text("\N{LESS-THAN OR EQUAL TO} ")
    row.get_by_role("button", name="Run again").click()
    again = page.locator(".recent-item", has_text="theirs.tif onto ours.tif")
    expect(again).to_have_count(2)
    page.get_by_label("Search by name").fill("theirs no-such-name")
    expect(page.get_by_text("No matches.")).to_be_visible()
    page.get_by_label("Search by name").fill("OURS")
    page.get_by_label("Which registrations").select_option("Failed")
    expect(page.get_by_text("No matches.")).to_be_visible()


def test_hidden_page_closes_its_event_stream(page):
    """A browser opens at most six connections to one host, for all of its pages."""

    def is_stream(request: Request) -> bool:
        return request.url.endswith("/events")

    expect(page.locator(".recent-item, .recent > .hint").first).to_be_visible()  # the event stream is open
    with page.expect_event("requestfailed", is_stream):
        page.evaluate(HIDE, True)
    with page.expect_event("request", is_stream):
        page.evaluate(HIDE, False)


def test_many_files_are_paired_by_name_shown_and_submitted_together(page, sample_pair, tmp_path: Path):
    files = []
    for number in (10, 2):  # not sorted by name
        for file, kind in zip(sample_pair, ("a_fixed", "b_moving"), strict=True):
            files.append(tmp_path / f"area_{number}_{kind}.tif")
            shutil.copy(file, files[-1])
    broken = tmp_path / "broken.tif"
    broken.write_bytes(sample_pair[0].read_bytes()[:3000])
    page.locator("[data-role=fixed] input[type=file]").set_input_files([*files, broken, files[0]])
    expect(page.get_by_role("heading", name="6 files, 3 pairs")).to_be_visible()
    expect(page.get_by_role("listitem", name="Pair 3").locator(".problem")).to_contain_text("broken.tif")
    submit = page.get_by_role("button", name="Register")
    expect(submit).to_be_disabled()
    page.get_by_role("button", name="Remove pair 3").click()
    first = page.get_by_role("combobox", name="fixed image of pair 1").locator("option:checked")
    expect(first).to_have_text("area_2_a_fixed.tif")
    page.get_by_role("button", name="Remove pair 2").click()
    page.get_by_role("button", name="Swap pair 1").click()
    page.get_by_role("button", name="Register 1 pair").click()
    expect(page.locator(".batch-note")).to_be_visible()
    expect(page.locator(".recent-item")).to_have_count(1)
    expect(page.locator(".recent-item")).to_contain_text("area_2_a_fixed.tif onto area_2_b_moving.tif")
