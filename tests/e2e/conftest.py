"""Fixtures: one running service for all tests that do not harm it."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from support.browser import Shown, chromium, open_result
from support.service import KEEP_DAYS, MAX_UPLOAD_BYTES, Service, serving

from xebra import sample


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service on embedded backends."""
    settings = {"MAX_UPLOAD_BYTES": str(MAX_UPLOAD_BYTES), "KEEP_DAYS": str(KEEP_DAYS)}
    with serving(tmp_path_factory.mktemp("state"), **settings) as service:
        yield service


@pytest.fixture(scope="session")
def service_with_keys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that requires API keys; each module adds its own instruments."""
    with serving(tmp_path_factory.mktemp("keys"), ACCESS="keys") as service:
        yield service


@pytest.fixture(scope="session")
def service_url(service: Service) -> str:
    """URL of the service."""
    return service.url


@pytest.fixture(scope="session")
def sample_pair() -> tuple[Path, Path]:
    """The files of the bundled pair, fixed and moving."""
    return sample.FIXED, sample.MOVING


class OneBrowser:
    """A browser for all tests of the page, closed after the last: its event loop disturbs others."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._browser: Browser | None = None

    def get(self) -> Browser:
        if self._browser is None:
            self._browser = self._open.enter_context(chromium())
        return self._browser

    def close(self) -> None:
        self._browser = None
        self._open.close()


one_browser = OneBrowser()


@pytest.fixture(scope="module")
def browser() -> Browser:
    """A real Chromium."""
    return one_browser.get()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """Close it before other tests."""
    if nextitem is None or not nextitem.path.name.startswith("test_page_"):
        one_browser.close()


@pytest.fixture(scope="session")
def sample_registration(service: Service, sample_pair: tuple[Path, Path]) -> dict:
    """The bundled pair, registered once for all tests that only read its result."""
    fixed, moving = (service.upload(file.read_bytes(), file.name) for file in sample_pair)
    return service.wait(service.submit(fixed, moving))


@pytest.fixture(scope="module")
def shown(browser: Browser, service_url: str, sample_registration: dict) -> Iterator[Shown]:
    """The page with its result."""
    with open_result(browser, service_url, sample_registration) as shown:
        yield shown
