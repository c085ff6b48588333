"""Accessibility: axe finds nothing in any state of the page, in both colour schemes and at all widths."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from support.accessible import assert_accessible
from support.browser import choose, open_result, opened
from support.service import Service, speckle


def test_the_form_is_accessible(browser, service_url, sample_pair):
    with opened(browser, service_url) as page:
        expect(page.get_by_role("heading", name="Register a pair")).to_be_visible()
        assert_accessible(page)
        for role, file in zip(("fixed", "moving"), sample_pair, strict=True):
            choose(page, role, file)
        expect(page.locator(".plan")).to_be_visible()
        assert_accessible(page)


def test_the_pairing_of_many_files_is_accessible(browser, service_url, sample_pair):
    with opened(browser, service_url) as page:
        page.locator("[data-role=fixed] input[type=file]").set_input_files([*sample_pair, sample_pair[0]])
        expect(page.get_by_role("button", name="Register 1 pair")).to_be_enabled()
        assert_accessible(page)


@pytest.mark.parametrize("correcting", [False, True])
def test_the_result_is_accessible(browser, service_url, sample_registration, correcting):
    with open_result(browser, service_url, sample_registration) as shown:
        if correcting:
            shown.page.get_by_role("button", name="Correct by hand").click()
            expect(shown.page.get_by_role("heading", name="Correct by hand")).to_be_visible()
        for summary in shown.page.locator("summary").all():
            summary.click()
        assert_accessible(shown.page)


FAILURE = {"fault": "system", "code": "attempts-exhausted", "message": "The worker was lost 3 times."}


@pytest.mark.parametrize(
    ("state", "failure", "shown"),
    [("running", None, "progress"), ("failed", FAILURE, ".failed"), ("cancelled", None, ".failed")],
)
def test_states_without_a_result_are_accessible(
    browser, service_url, sample_registration, state, failure, shown
):
    """The answers of the service are changed to one state, so that the page stays in it."""
    held = {"state": state, "failure": failure, "result": None, "links": sample_registration["links"]}
    with opened(browser, "about:blank") as page:
        page.route(
            f"**{sample_registration['links']['self']}",
            lambda route: route.fulfill(json=sample_registration | held),
        )
        page.goto(f"{service_url}/?registration={sample_registration['id']}")
        expect(page.locator(f".registration {shown}")).to_be_visible()
        assert_accessible(page)


def test_a_refusal_is_accessible(browser, service: Service):
    refused = service.wait(
        service.submit(
            *(service.upload(speckle(seed=seed), f"{seed}.tif") for seed in (86, 87)),
        )
    )
    assert refused["result"]["verdict"] == "refuse"
    with opened(browser, f"{service.url}/?registration={refused['id']}") as page:
        expect(page.locator(".verdict-refuse")).to_be_visible()
        assert_accessible(page)


def test_the_list_of_earlier_uploads_is_accessible(browser, service_url, sample_registration):
    with opened(browser, service_url) as page:
        page.get_by_role("button", name="Earlier uploads for the fixed image").click()
        first = page.get_by_role("dialog").get_by_role("listitem").first
        first.get_by_role("button", name="Delete").click()
        expect(page.locator(".earlier-retention")).to_be_visible()
        assert_accessible(page)


def test_the_administration_is_accessible(browser, service_url, sample_registration):
    with opened(browser, f"{service_url}/?page=administration") as page:
        expect(page.get_by_role("table")).to_have_count(2)
        assert_accessible(page)
