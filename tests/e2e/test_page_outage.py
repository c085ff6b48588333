"""The service is killed and restarted while a page is open; nothing is lost and no reload is needed."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import expect
from support.browser import choose, opened, register
from support.service import Service, serving, wait_until_ready

BANNER = "The service does not respond."


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service of its own, because the tests kill it."""
    with serving(tmp_path) as service:
        yield service


@contextmanager
def api_killed(service: Service) -> Iterator[None]:
    """Kill the API process, and stop the supervisor that would restart it."""
    service.process.send_signal(signal.SIGSTOP)
    try:
        for part in service.parts("api.server"):
            part.kill()
        yield
    finally:
        service.process.send_signal(signal.SIGCONT)
        wait_until_ready(service)


def test_page_outlives_the_service_and_goes_on_where_it_was(browser, service, sample_pair):
    with opened(browser, service.url) as page:
        for role, file in zip(("fixed", "moving"), sample_pair, strict=True):
            choose(page, role, file)
        with api_killed(service):
            expect(page.get_by_text(BANNER)).to_be_visible()
            page.get_by_role("button", name="Register").click()
            expect(page.locator(".pair > .problem")).to_contain_text("did not respond")
        expect(page.get_by_text(BANNER)).to_be_hidden()
        shown = register(page, service.url)
        expect(page.locator(f".recent a[href*='{shown.registration['id']}']")).to_be_visible()
