"""Pictures of the page for docs/page, taken from a running service.

xebra serve & .venv/bin/python frontend/screenshots.py http://127.0.0.1:8000
"""

import io
import sys
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright
from scipy.ndimage import gaussian_filter

from xebra import read_image, sample
from xebra.image_files import write_channels, write_tiff

FOLDER = Path(__file__).parent.parent / "docs" / "page"
PATIENCE_MS = 120_000
ELEMENTS = ("Fe Ka", "Ni Ka", "Cu Ka", "Al Ka", "Si Ka", "O Ka", "C Ka", "Mn Ka", "Cr Ka", "Ti Ka")
COLOURS = "Magenta\N{EN DASH}green"


def main(url: str) -> None:
    """Each state: wide and light, the result also narrow and dark."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        wide = browser.new_page(viewport={"width": 1280, "height": 860}, color_scheme="light")
        wide.set_default_timeout(PATIENCE_MS)
        sign_in(wide, url)
        choose(wide, url)
        shoot(wide, "form.png")
        register(wide, COLOURS)
        shoot(wide, "result.png")
        wide.locator(".result-details > summary").click()
        shoot(wide, "details.png")
        wide.locator(".result-details > summary").click()
        for mode in ("Blend", "Swipe", "Checkerboard", "Difference", "Side by side"):
            wide.get_by_label(mode, exact=True).check()
            shoot(wide, f"{mode.lower().replace(' ', '-')}.png")
        look(wide)
        correct(wide)
        several(wide, url)
        areas(wide, url)
        many(wide, url)
        batch(wide, url)
        earlier(wide, url)
        refused(wide, url)
        wide.goto(f"{url}/?page=administration")
        wide.locator(".figures").first.wait_for()
        shoot(wide, "administration.png")
        narrow = browser.new_page(viewport={"width": 390, "height": 1180}, color_scheme="dark")
        narrow.set_default_timeout(PATIENCE_MS)
        choose(narrow, url)
        register(narrow, COLOURS)
        shoot(narrow, "result-narrow-dark.png")
        browser.close()


def look(page: Page) -> None:
    """Contrast and colours, a grid, and a profile."""
    page.get_by_label(COLOURS, exact=True).check()
    page.get_by_text("Contrast and colours", exact=True).click()
    page.get_by_label("Lookup table of the moving image").select_option("Viridis")
    page.get_by_role("button", name="Automatic contrast of the fixed image").click()
    page.get_by_label("Grid", exact=True).check()
    page.get_by_label("Profile", exact=True).check()
    page.locator(".stage").scroll_into_view_if_needed()
    box = page.locator(".stage").bounding_box()
    left, top, width, height = box["x"], box["y"], box["width"], box["height"]
    ends = [(left + x * width, top + y * height) for x, y in ((0.36, 0.3), (0.62, 0.6))]
    page.mouse.move(*ends[0])
    page.mouse.down()
    page.mouse.move(*ends[1], steps=4)
    page.mouse.up()
    page.locator(".profile-moving").wait_for()
    shoot(page, "look.png", full=True)
    for name in ("Grid", "Profile"):
        page.get_by_role("checkbox", name=name, exact=True).uncheck()
    for role in ("fixed", "moving"):
        page.get_by_role("button", name=f"Reset contrast and colours of the {role} image").click()
    page.get_by_text("Contrast and colours", exact=True).click()


def correct(page: Page) -> None:
    """Correct it by points in both panes, which snap, and keep that."""
    page.get_by_role("button", name="Correct by hand").click()
    page.get_by_label("Points", exact=True).check()
    page.get_by_role("button", name="Same place in both panes").click()
    page.locator(".stage").scroll_into_view_if_needed()
    box = page.locator(".stage").bounding_box()
    for number, (x, y) in enumerate(((0.17, 0.4), (0.33, 0.6), (0.3, 0.36)), 1):
        for pane in (0, 0.5):
            page.mouse.click(box["x"] + (x + pane) * box["width"] + 6 * pane, box["y"] + y * box["height"])
        page.locator(".point-pairs").get_by_text("±").nth(number - 1).wait_for()
    shoot(page, "correct.png")
    page.get_by_role("button", name="Save correction").click()
    page.locator(".positions").wait_for()
    shoot(page, "corrected.png")


def areas(page: Page, url: str) -> None:
    """Mark areas of the bundled pair."""
    choose(page, url)
    page.get_by_role("button", name="Mark areas of the fixed image").click()
    box = page.locator("dialog[open] .area-canvas").bounding_box()
    middle, side = box["x"] + box["width"] / 2, box["height"]
    page.mouse.move(middle - 0.4 * side, box["y"] + 0.1 * side)
    page.mouse.down()
    page.mouse.move(middle - 0.1 * side, box["y"] + 0.3 * side, steps=3)
    page.mouse.up()
    page.get_by_label("Polygon", exact=True).check()
    for right, down in ((0.1, 0.5), (0.35, 0.55), (0.3, 0.85), (0.1, 0.8), (0.1, 0.5)):
        page.mouse.click(middle + right * side, box["y"] + down * side)
    shoot(page, "areas.png")
    page.keyboard.press("Escape")


def many(page: Page, url: str) -> None:
    """Choose many files, and look at how they are paired."""
    page.goto(url)
    files = [
        {"name": f"area_{area}_{kind}.tif", "mimeType": "image/tiff", "buffer": file.read_bytes()}
        for area in (1, 2)
        for kind, file in (("bse", sample.FIXED), ("xrf", sample.MOVING))
    ]
    page.locator("[data-role=fixed] input[type=file]").set_input_files(files)
    page.locator(".thumb img").nth(3).wait_for()
    shoot(page, "many.png")


def batch(page: Page, url: str) -> None:
    """Register the chosen pairs, and look at their list and at the contact sheet."""
    page.get_by_role("button", name="Register 2 pairs").click()
    page.get_by_text("2 of 2 done").wait_for()
    page.locator(".recent-item .state-accept").nth(1).wait_for()
    shoot(page, "batch.png")
    page.get_by_role("button", name="Review").click()
    page.locator(".sheet-large canvas[data-drawn=yes]").wait_for()
    shoot(page, "sheet.png")


def several(page: Page, url: str) -> None:
    """Choose an image of an EDS set, register it, and look at the panel of further channels."""
    haadf = read_image(sample.MOVING).pixels
    random = np.random.default_rng(1)
    maps = [random.poisson(haadf / haadf.max() * 9).astype(haadf.dtype) for _ in ELEMENTS]
    file = io.BytesIO()
    write_channels(file, [haadf, *maps], ["HAADF", *ELEMENTS])
    page.goto(url)
    for role, name, content in (
        ("fixed", "bse.tif", sample.FIXED.read_bytes()),
        ("moving", "eds.ome.tif", file.getvalue()),
    ):
        picture = {"name": name, "mimeType": "image/tiff", "buffer": content}
        page.locator(f"[data-role={role}] input[type=file]").set_input_files(picture)
        page.locator(f"[data-role={role}] .facts").wait_for()
    page.locator(".channel img").last.scroll_into_view_if_needed()
    page.wait_for_timeout(5000)
    shoot(page, "channels.png")
    register(page, COLOURS)
    page.locator(".apply").scroll_into_view_if_needed()
    shoot(page, "apply.png")


def sign_in(page: Page, url: str) -> None:
    """As a service shows itself that asks for keys."""
    page.route(
        "**/api/v1/session", lambda route: route.fulfill(status=401, json={"title": "", "status": 401})
    )
    page.goto(url)
    page.get_by_label("API key").fill("xebra_0f3a_")
    shoot(page, "sign-in.png")
    page.unroute("**/api/v1/session")


def earlier(page: Page, url: str) -> None:
    """Look for an image among those that were uploaded before."""
    page.goto(url)
    page.get_by_role("button", name="Earlier uploads for the fixed image").click()
    page.locator(".earlier-list img").first.wait_for()
    shoot(page, "earlier.png")
    page.keyboard.press("Escape")


def refused(page: Page, url: str) -> None:
    """Register two images that have nothing in common."""
    page.goto(url)
    for seed, role in enumerate(("fixed", "moving")):
        pixels = gaussian_filter(np.random.default_rng(seed).normal(size=(256, 256)), 4).astype(np.float32)
        file = io.BytesIO()
        write_tiff(file, pixels, None)
        picture = {"name": f"place_{seed + 1}.tif", "mimeType": "image/tiff", "buffer": file.getvalue()}
        page.locator(f"[data-role={role}] input[type=file]").set_input_files(picture)
        page.locator(f"[data-role={role}] .facts").wait_for()
    register(page, COLOURS)
    shoot(page, "refused.png")


def choose(page: Page, url: str) -> None:
    """Choose the bundled pair."""
    page.goto(url)
    for role, file in (("fixed", sample.FIXED), ("moving", sample.MOVING)):
        page.locator(f"[data-role={role}] input[type=file]").set_input_files(file)
        page.locator(f"[data-role={role}] .facts").wait_for()


def register(page: Page, look: str) -> None:
    """Register it and look at it."""
    page.get_by_role("button", name="Register").click()
    page.locator(".stage canvas").wait_for()
    page.get_by_label(look, exact=True).check()


def shoot(page: Page, name: str, full: bool = False) -> None:
    """Save what is seen, once it stands still."""
    page.mouse.move(0, 0)
    page.wait_for_timeout(1000)
    page.screenshot(path=FOLDER / name, full_page=full)


if __name__ == "__main__":
    main(*sys.argv[1:])
