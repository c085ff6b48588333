"""The list of registrations is updated automatically; many files are paired before they are submitted."""

from __future__ import annotations

from collections.abc import Iterator

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
