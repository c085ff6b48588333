"""An earlier upload is chosen from a list, by mouse or keyboard, and is not uploaded again."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from support.browser import opened, register
from support.service import Service, speckle

WHOLE = "e => e.scrollWidth <= e.clientWidth && e.scrollHeight <= e.clientHeight + 1"
NAMES = {"fixed": "earlier-fixed.tif", "moving": "earlier-moving.tif"}


@pytest.fixture
def uploaded(service: Service, sample_pair: tuple[Path, Path]) -> dict[str, dict]:
    """The images by their names."""
    files = zip(NAMES.values(), sample_pair, strict=True)
    return {name: service.upload(file.read_bytes(), name) for name, file in files}


def open_list(page: Page, role: str) -> None:
    page.get_by_role("button", name=f"Earlier uploads for the {role} image").click()
    expect(page.get_by_role("dialog").get_by_role("listitem").first).to_be_visible()


def test_earlier_uploads_are_found_picked_and_registered(browser, service_url, uploaded):
    with opened(browser, service_url) as page:
        sent = []
        page.on(
            "request", lambda request: sent.append((request.method, request.url.removeprefix(service_url)))
        )
        for role, name in NAMES.items():
            open_list(page, role)
            dialog = page.get_by_role("dialog")  # the open list: that of the other image may still exist
            dialog.get_by_label("Search earlier uploads by name").fill("EARLIER-")
            offered = dialog.get_by_role("listitem")
            expect(offered.filter(has_text=name).first).to_be_visible()
            expect(offered.filter(has_not_text="earlier-")).to_have_count(0)
            offered.filter(has_text=name).first.get_by_role("button").first.click()
            expect(page.get_by_role("dialog")).to_have_count(0)
            expect(page.locator(f"[data-role={role}] .facts")).to_contain_text(name)
        shown = register(page, service_url)
        assert ("POST", "/api/v1/registrations") in sent
        assert ("POST", "/api/v1/images") not in sent
        assert shown.registration["fixed_image_id"] == uploaded[NAMES["fixed"]]["id"]
        assert shown.registration["moving_image_id"] == uploaded[NAMES["moving"]]["id"]


def test_long_names_are_shown_whole(browser, service: Service):
    names = [f"specimen-7_area-12_detector-BSE_dwell-10us_{kind}.tif" for kind in ("fixed", "moving")]
    for seed, name in enumerate(names, 61):
        service.upload(speckle(seed=seed), name)
    with opened(browser, service.url) as page:
        page.get_by_role("button", name="Earlier uploads for the fixed image").click()
        for name in names:
            found = page.locator(".earlier-name", has_text=name).first
            expect(found).to_be_visible()
            assert found.evaluate(WHOLE)


def test_list_is_used_with_keys_and_given_up_with_escape(browser, service_url, uploaded):
    with opened(browser, service_url) as page:
        opener = page.get_by_role("button", name="Earlier uploads for the moving image")
        opener.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(opener).to_be_focused()
        page.keyboard.press("Enter")
        first = page.get_by_role("dialog").get_by_role("listitem").first.get_by_role("button").first
        first.focus()
        expect(first).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("[data-role=moving] .facts")).to_be_visible()


def test_upload_is_renamed_and_deleted_and_one_of_a_registration_stays(
    browser, service: Service, sample_registration
):
    name = sample_registration["fixed_name"]
    service.upload(speckle(seed=77), "typing eror.tif")
    with opened(browser, service.url) as page:
        open_list(page, "fixed")
        dialog = page.get_by_role("dialog")
        search = dialog.get_by_label("Search earlier uploads by name")
        search.fill("eror typing")
        expect(dialog.get_by_role("listitem")).to_have_count(1)
        dialog.get_by_role("button", name="Rename typing eror.tif").click()
        dialog.get_by_label("New name of typing eror.tif").fill("typing.tif")
        page.keyboard.press("Enter")
        dialog.get_by_role("button", name="Delete typing.tif", exact=True).click()
        dialog.get_by_role("button", name="Yes, delete typing.tif").click()
        expect(dialog.get_by_role("listitem")).to_have_count(0)
        search.fill(name)
        expect(dialog.get_by_role("button", name=f"Delete {name}").first).to_be_visible()
        dialog.get_by_role("button", name=f"Delete {name}").last.click()
        dialog.get_by_role("button", name=f"Yes, delete {name}").click()
        expect(dialog.get_by_role("alert")).to_contain_text("registrations")
