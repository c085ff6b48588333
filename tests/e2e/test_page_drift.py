"""The page shows that an instrument has changed, with results before and after; a person acknowledges it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from support.browser import opened
from support.drift_jobs import Jobs
from support.servers import wait_until
from support.service import Service, serving

from db.engine import Database
from xebra.drift.comparison import REFERENCE_JOBS


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service of its own, whose only instrument changes."""
    with serving(tmp_path) as service:
        yield service


def test_change_is_shown_with_examples_and_acknowledged(browser, service):
    database = Database(f"sqlite:///{service.state_dir / 'xebra.sqlite'}")
    jobs = Jobs(database, "local")
    jobs.add(REFERENCE_JOBS)
    jobs.add(50, shift=5.0)
    database.close()
    wait_until(lambda: service.get("/api/v1/drift")["state"] == "changed", "the notice", 60)
    examples = service.get("/api/v1/drift")["examples"]
    with opened(browser, service.url) as page:
        notice = page.get_by_role("complementary", name="Change of the instrument")
        expect(notice).to_contain_text("fixed noise")
        for job in (*examples["before"], *examples["after"]):
            expect(notice.locator(f"a[href*='{job}']")).to_have_text(job[:8])
        notice.get_by_role("button", name="Take as new reference").click()
        expect(notice).to_be_hidden()
    assert service.get("/api/v1/drift")["state"] == "reference"
