"""The page of a bent pair: why a field was chosen, its magnitude and the grid that it bends."""

from __future__ import annotations

from playwright.sync_api import Browser, expect
from support.accessible import assert_accessible
from support.bent import bent_pair
from support.browser import open_details, open_result
from support.service import Service


def test_field_of_a_bent_pair_is_shown(browser: Browser, service: Service):
    pair = bent_pair()
    fixed, moving = (
        service.upload(image, f"{name}.tif")
        for name, image in zip("ab", (pair.fixed, pair.moving), strict=True)
    )
    job = service.wait(service.submit(fixed, moving, model="auto"))
    assert job["result"]["transform_model"] == "field"
    with open_result(browser, service.url, job) as shown:
        open_details(shown.page)
        section = shown.page.get_by_role("region", name="Distortion")
        expect(section).to_contain_text("held-out blocks confirm")
        expect(section.locator("figcaption")).to_contain_text("Displacement up to ")
        expect(section.locator("svg polyline")).to_have_count(26)
        assert_accessible(shown.page)
