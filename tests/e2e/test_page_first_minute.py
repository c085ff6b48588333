"""The first minute on the page: a sample pair in one click, a result that leads with one error."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import httpx
import numpy as np
import pytest
from playwright.sync_api import Page, expect
from support.browser import (
    ask,
    canvas_pixels,
    choose,
    count_acts,
    drop,
    open_result,
    opened,
    register,
    wait_for_result,
)

COLOURS = "Magenta\N{EN DASH}green"
RADIUS_95 = np.sqrt(-2 * np.log(0.05))  # in standard deviations, two dimensions
ACTIVE = "document.activeElement.tagName + ' ' + document.activeElement.id"


def bound_px(result: dict) -> float:
    """Return the largest half axis of the 95 % ellipses of the corners of the fixed image."""
    height, width = result["fixed"]["shape"]
    centre = np.add(result["shift_px"], [(width - 1) / 2, (height - 1) / 2])
    axes = []
    for corner in ((-0.5, -0.5), (width - 0.5, -0.5), (-0.5, height - 0.5), (width - 0.5, height - 0.5)):
        x, y = np.array(corner) - centre
        jacobian = np.array([[x, -y, 1, 0], [y, x, 0, 1]])
        of_corner = jacobian @ np.array(result["covariance"]) @ jacobian.T
        axes.append(RADIUS_95 * np.sqrt(np.linalg.eigvalsh(of_corner)[-1]))
    return max(axes)


def test_the_sample_pair_is_registered_by_one_click_on_the_empty_page(browser, service_url):
    with opened(browser, service_url) as page:
        page.get_by_role("button", name="Register the sample pair").click()
        wait_for_result(page)
        expect(page.locator(".verdict h2")).to_have_text("Accepted")
        expect(page.get_by_role("heading", level=1)).to_contain_text("sample_moving.tif")


def test_page_has_a_placeholder_and_at_most_130_kb_of_script_on_the_line(browser, service_url):
    index = ask("GET", service_url)
    script, style = (re.search(rf'="(/assets/[^"]+\.{kind})"', index.text)[1] for kind in ("js", "css"))
    sent = []
    for path in (script, style):
        with httpx.stream(
            "GET", service_url + path, headers={"Accept-Encoding": "gzip"}, timeout=300
        ) as answer:
            answer.read()
        assert answer.headers["content-encoding"] == "gzip"
        sent.append(answer.num_bytes_downloaded)
    assert sent[0] <= 130_000 and sum(sent) <= 145_000, sent
    with opened(browser, "about:blank") as page:
        page.route("**/*.js", lambda route: None)  # a line that brings no script yet
        page.goto(service_url, wait_until="commit")
        expect(page.get_by_text("Loading the page")).to_be_visible()


@pytest.mark.parametrize("as_folder", [False, True])
def test_own_pair_takes_one_drop_and_one_click(browser, service_url, sample_pair, tmp_path, as_folder):
    """Both images, their pixel spacings with the source, and what the button does are shown before."""
    files = [tmp_path / name for name in ("b_xrf.tif", "b_bse.tif")]
    for file, source in zip(files, reversed(sample_pair), strict=True):
        shutil.copy(source, file)
    with opened(browser, service_url) as page:
        acts = count_acts(page)
        drop(page, page.get_by_role("heading", level=1), *([tmp_path] if as_folder else files))
        for role, name, um, source in (
            ("fixed", "b_bse.tif", "0.05", "From the file: ImageJ metadata."),
            ("moving", "b_xrf.tif", "", "the scale is found from the images"),
        ):
            slot = page.locator(f"[data-role={role}]")
            expect(slot.get_by_alt_text(f"Preview of {name}")).to_be_visible()
            expect(slot.get_by_label("Pixel spacing")).to_have_value(um)
            expect(slot.locator(f"#{role}-spacing-note")).to_contain_text(source)
        plan = "b_xrf.tif is rotated, scaled and shifted to match b_bse.tif."
        expect(page.locator(".plan")).to_contain_text(plan)
        expect(page.locator(".plan")).to_contain_text("moving image is not known: the scale is searched")
        button = page.get_by_role("button", name="Register", exact=True)
        expect(button).to_have_accessible_description(re.compile(re.escape(plan)))
        button.click()
        wait_for_result(page)
        assert acts() == {"drop": 1, "click": 1, "keydown": 0}


def test_result_leads_with_one_error_and_with_magenta_and_green(browser, service_url, sample_registration):
    with open_result(browser, service_url, sample_registration) as shown:
        page, result = shown.page, shown.result
        px, spacing = bound_px(result), result["fixed"]["pixel_spacing_um"]
        stated = re.fullmatch(
            r"Off by at most ([\d.]+)\spx \(([\d.]+)\s(nm|µm|mm)\), 95\s%",
            page.locator(".verdict-bound").inner_text(),
        )
        assert float(stated[1]) == pytest.approx(px, abs=0.05)
        um = float(stated[2]) * {"nm": 1e-3, "µm": 1, "mm": 1e3}[stated[3]]
        assert um == pytest.approx(px * spacing, rel=0.06)
        words = page.locator("main").inner_text().lower()
        unclear = ("fold", "take home", "to any size", "every turn and scale")
        for other in ("corner error", "agree to", "at 256 x 256", "times larger", *unclear):
            assert other not in words.replace("corner errors", ""), other
        expect(page.get_by_label(COLOURS, exact=True)).to_be_checked()
        expect(page.locator("[data-corner-error]")).to_have_count(0)
        drawn = canvas_pixels(page)
        coloured = np.abs(drawn[..., 0].astype(int) - drawn[..., 1]) > 30
        assert coloured[drawn[..., 3] > 0].mean() > 0.05 and np.array_equal(drawn[..., 0], drawn[..., 2])


def test_verdict_is_announced_focus_is_kept_and_each_view_has_its_title(browser, service_url, sample_pair):
    with opened(browser, service_url) as page:
        expect(page).to_have_title("Register a pair \N{EN DASH} Xebra")
        for role, file in zip(("fixed", "moving"), sample_pair, strict=True):
            choose(page, role, file)
        shown = register(page, service_url)
        spoken = page.locator(".registration > [role=status]")
        expect(spoken).to_contain_text(f"Accepted. {shown.result['reason']}. Off by at most")
        assert page.evaluate(ACTIVE) == "H1 registration-title"
        names = f"{sample_pair[1].name} onto {sample_pair[0].name}"
        expect(page).to_have_title(f"{names}, accepted \N{EN DASH} Xebra")
        page.get_by_role("link", name="New registration", exact=True).click()
        expect(page).to_have_title("Register a pair \N{EN DASH} Xebra")
        assert page.evaluate(ACTIVE) == "H1 pair-title"
        page.go_back()
        expect(page).to_have_title(re.compile("accepted"))


def refusal(page: Page, file: Path) -> str:
    choose(page, "fixed", file)
    return page.locator("[data-role=fixed] .problem").inner_text()


def test_trying_again_is_offered_only_where_it_can_help(browser, service_url, sample_pair, tmp_path):
    broken = tmp_path / "broken.tif"
    broken.write_bytes(sample_pair[0].read_bytes()[:3000])
    with opened(browser, service_url) as page:
        assert "Try again" not in refusal(page, broken)
        busy = {"type": "/problems/decoders-busy", "title": "busy", "status": 503}
        page.route("**/api/v1/images", lambda route: route.fulfill(status=503, json=busy))
        fresh = tmp_path / "fresh.tif"
        fresh.write_bytes(sample_pair[0].read_bytes() + b" ")
        assert "Try again" in refusal(page, fresh)
        page.unroute("**/api/v1/images")
        page.get_by_role("button", name="Try again").click()
        expect(page.locator("[data-role=fixed] .facts")).to_contain_text("fresh.tif")


def test_file_that_was_uploaded_before_is_recognised_by_its_content(browser, service_url, sample_pair):
    with opened(browser, service_url) as page:
        choose(page, "fixed", sample_pair[0])
        sent = []
        page.on("request", lambda request: sent.append((request.method, request.url)))
        choose(page, "moving", sample_pair[0])
        assert not [url for method, url in sent if method == "POST"]


def test_stage_says_that_images_are_loading_and_shows_both_whole(browser, service_url, sample_registration):
    with opened(browser, service_url) as page:
        previews = "**/preview*"
        page.route(previews, lambda route: None)  # a line that brings nothing
        page.goto(f"{service_url}/?registration={sample_registration['id']}")
        expect(page.get_by_text("Loading the images")).to_be_visible()
        page.unroute(previews)
        page.reload()
        wait_for_result(page)
        stage = page.locator(".stage").bounding_box()
        buttons = page.locator(".stage-buttons").bounding_box()
        for role in ("fixed", "moving"):
            box = page.locator(f".outline-{role}").bounding_box()
            assert box["x"] >= stage["x"] and box["x"] + box["width"] <= buttons["x"]
            assert box["y"] >= stage["y"] and box["y"] + box["height"] <= stage["y"] + stage["height"]
