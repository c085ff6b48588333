"""The page *Networks* on the real service: versions, promotion, rollback, shadow mode, axe."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from support.accessible import assert_accessible
from support.browser import opened
from support.network_versions import changed_version
from support.servers import wait_until
from support.service import Service, serving
from test_service_instruments import xebra

from xebra import sample

HELD_OUT = {"parent": {"pairs": 40, "right": 24}, "candidate": {"pairs": 40, "right": 35}}
SCORES = {
    "held_out": HELD_OUT,
    "benchmark": {"parent": HELD_OUT["parent"], "candidate": HELD_OUT["candidate"]},
}
BAD = {"acceptable": False, "reasons": ["held-out labels: 16 of 40 wrong, 9 before"]}
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service of its own, whose instrument gets versions."""
    with serving(tmp_path_factory.mktemp("networks")) as service:
        yield service


@pytest.fixture(scope="module")
def versions(service: Service, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A version that may be promoted, and one that is refused."""
    good, bad = (
        changed_version(tmp_path_factory.mktemp("version") / "out", seed, scores=SCORES, **report)
        for seed, report in ((1, {}), (2, BAD))
    )
    added = [
        xebra(service, "networks", "add", str(folder), "--instrument", "local") for folder in (good, bad)
    ]
    return added[0], added[1]


@pytest.fixture
def networks(browser, service: Service, versions: tuple[str, str]) -> Iterator[Page]:
    """The page, with both versions listed."""
    with opened(browser, f"{service.url}/?page=networks") as page:
        page.set_default_timeout(PATIENCE_MS)
        expect(page.get_by_role("row")).to_have_count(3)
        yield page


def row(page: Page, version: str):
    return page.get_by_role("row").filter(has_text=version[:8])


def press(page: Page, what: str, version: str) -> None:
    page.get_by_role("button", name=f"{what} {version[:8]}").click()


def test_versions_are_compared_promoted_shadowed_and_rolled_back(
    networks: Page, service: Service, versions
) -> None:
    good, bad = versions
    expect(networks.get_by_text("Jobs use the bundled network.")).to_be_visible()
    expect(row(networks, good)).to_contain_text("24 → 35 of 40")
    press(networks, "Promote", bad)
    expect(networks.get_by_role("alert")).to_contain_text("16 of 40 wrong, 9 before")
    press(networks, "Shadow", good)
    expect(row(networks, good)).to_contain_text("0 of 0 agree")
    pair = [service.upload(file.read_bytes(), file.name) for file in (sample.FIXED, sample.MOVING)]
    service.wait(service.submit(*pair))
    expect(row(networks, good)).to_contain_text("1 of 1 agree", timeout=PATIENCE_MS)
    press(networks, "Promote", good)
    expect(networks.get_by_text("Jobs use the active version.")).to_be_visible()
    assert service.wait(service.submit(*pair))["result"]["model"]["version"] == good
    assert_accessible(networks)
    networks.get_by_role("button", name="Roll back").click()
    expect(networks.get_by_text("Jobs use the bundled network.")).to_be_visible()
    assert service.wait(service.submit(*pair))["result"]["model"]["version"] is None


def test_labels_are_collected_only_when_that_is_chosen(networks: Page, service: Service) -> None:
    box = networks.get_by_role(
        "checkbox", name="Corrections, accepted reviews and certain results become labels"
    )
    expect(box).not_to_be_checked()
    box.click()
    wait_until(lambda: service.get("/api/v1/labels/collection")["enabled"], "the collection")
    expect(box).to_be_checked()
    box.click()
    wait_until(lambda: not service.get("/api/v1/labels/collection")["enabled"], "its end")
