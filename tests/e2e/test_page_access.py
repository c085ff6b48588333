"""Accessibility: axe finds nothing serious in any state of the page, light and dark, wide and narrow."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from support.accessible import assert_accessible
from support.browser import open_result, opened


def test_the_form_is_accessible(browser, service_url):
    with opened(browser, service_url) as page:
        expect(page.get_by_role("heading", name="Register a pair")).to_be_visible()
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


def test_the_list_of_earlier_uploads_is_accessible(browser, service_url, sample_registration):
    with opened(browser, service_url) as page:
        page.get_by_role("button", name="Earlier uploads for the fixed image").click()
        expect(page.get_by_role("dialog").get_by_role("listitem").first).to_be_visible()
        assert_accessible(page)


def test_the_administration_is_accessible(browser, service_url, sample_registration):
    with opened(browser, f"{service_url}/?page=administration") as page:
        expect(page.get_by_role("table")).to_have_count(2)
        assert_accessible(page)
