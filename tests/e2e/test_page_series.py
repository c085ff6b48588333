"""The page of a series while it is recorded: drift, flagged frames, a slider."""

from __future__ import annotations

import numpy as np
from playwright.sync_api import Browser, expect
from support.accessible import assert_accessible
from support.browser import opened
from support.series import counted, empty, pose, specimen, view
from support.service import Service, tiff

SIDE = 160


def frame(shift: tuple[float, float], seed: int) -> np.ndarray:
    image = view(specimen(7), pose(np.array(shift)), SIDE)
    return counted(image, 30, np.random.default_rng(seed))


def append(service: Service, series: dict, pixels: np.ndarray, number: int) -> None:
    query = {"dtype": "uint16", "number": number, "time_s": number}
    service.client.post(series["links"]["frames"], content=pixels.tobytes(), params=query).raise_for_status()


def test_series_is_followed_live_and_looked_through(browser: Browser, service: Service):
    reference = service.upload(tiff(frame((0, 0), 100)), "reference.tif")
    body = {"reference_image_id": reference["id"], "model": "translation", "name": "heating"}
    series = service.client.post("/api/v1/series", json=body | {"stale_after_s": None}).json()
    for number in range(3):
        append(service, series, frame((2.0 * number, 0), number), number)
    with opened(browser, service.url) as page:
        page.get_by_role("link", name="Series").click()
        page.get_by_role("link", name="heating").click()
        status = page.locator(".series [role=status]")
        expect(status).to_have_text("recording, 3 frames")
        append(service, series, empty(12), 3)
        append(service, series, frame((8, 0), 4), 4)
        expect(status).to_have_text("recording, 5 frames, 1 without a fit")
        expect(page.locator(".drift-flag")).to_have_count(1)
        facts = page.locator(".series-frame p")
        expect(facts).to_contain_text("Frame 4: x 8")
        page.get_by_label("Frame", exact=True).fill("3")
        expect(facts).to_have_text("Frame 3: it does not show the specimen of the reference")
        append(service, series, frame((10, 0), 5), 5)
        expect(status).to_contain_text("6 frames")
        expect(facts).to_contain_text("Frame 3:")
        page.get_by_label("Newest").check()
        expect(facts).to_contain_text("Frame 5: x 10")
        assert page.locator(".series-frame img").evaluate("image => image.decode().then(() => true)")
        assert_accessible(page)
        page.get_by_role("button", name="Finish").click()
        expect(status).to_contain_text("finished, 6 frames")
        expect(page.get_by_role("button", name="Finish")).to_have_count(0)
