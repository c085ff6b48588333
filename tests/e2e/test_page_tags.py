"""Tags lead to the registrations that have them; a link restores what the page shows."""

from __future__ import annotations

import re

from playwright.sync_api import expect
from support.browser import open_result, opened
from support.service import KEEP_DAYS, Service, speckle


def test_tag_is_added_followed_and_removed(browser, service_url, sample_registration):
    with open_result(browser, service_url, sample_registration) as shown:
        page = shown.page
        field = page.get_by_label("Add a tag")
        field.fill("thin film, K8")
        field.press("Enter")
        spoken = page.get_by_role("group", name="Tags").get_by_role("status")
        expect(spoken).to_have_text("Added thin film, K8")
        expect(field).to_be_focused()
        page.get_by_role("group", name="Tags").get_by_text("thin film", exact=True).click()
        expect(page.locator(".recent-item")).to_have_count(1)
        page.reload()
        row = page.locator(".recent-item")
        expect(row).to_have_count(1)
        expect(row.locator(".tag")).to_have_text(["K8", "thin film"])
        page.locator(f".recent-row[href*='{sample_registration['id']}']").click()
        page.get_by_role("button", name="Do not filter by the tag thin film").click()
        expect(page).not_to_have_url(re.compile("tag="))
        for tag in ("K8", "thin film"):
            page.get_by_role("button", name=f"Remove the tag {tag}").click()
            expect(page.get_by_role("button", name=f"Remove the tag {tag}")).to_have_count(0)
        expect(page.locator(".registration-head .problem")).to_have_count(0)


def test_copied_link_shows_the_same_view_to_others(browser, service_url, sample_registration):
    with open_result(browser, service_url, sample_registration) as shown:
        page = shown.page
        page.get_by_label("Checkerboard", exact=True).check()
        page.wait_for_url("**mode=**")
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.get_by_role("button", name="Copy link").click()
        expect(page.get_by_role("button", name="Link copied")).to_be_focused()
        link = page.evaluate("navigator.clipboard.readText()")
    with opened(browser, link) as other:
        expect(other.get_by_label("Checkerboard", exact=True)).to_be_checked()
        expect(other.locator(".verdict h2")).to_have_text("Accepted")


def test_deleting_states_the_retention_time_of_the_service(browser, service: Service):
    service.upload(speckle(seed=78), "kept for a while.tif")
    with opened(browser, service.url) as page:
        page.get_by_role("button", name="Earlier uploads for the fixed image").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Delete kept for a while.tif").first.click()
        cancel = dialog.get_by_role("button", name="Cancel kept for a while.tif")
        expect(cancel).to_be_focused()
        meaning = f"Otherwise the service deletes it {KEEP_DAYS} days after its upload"
        expect(dialog.locator(".earlier-retention")).to_contain_text(meaning)
        page.keyboard.press("Enter")
        expect(dialog.get_by_role("button", name="Delete kept for a while.tif").first).to_be_visible()
