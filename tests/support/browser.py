"""The page in a real Chromium, and measurements on its canvas."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import imagecodecs
import numpy as np
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
# One process tree without a sandbox (tests may run as root), and no connection to other machines.
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 300_000  # for a busy machine
# Whether the picture is at rest and at full resolution: a slow machine draws a moving one at half of it.
AT_REST = """canvas => {
  const { width, height } = canvas.getBoundingClientRect()
  const side = length => Math.round(length * window.devicePixelRatio)
  return canvas.dataset.drawn === 'fine' && canvas.width === side(width) && canvas.height === side(height)
}"""
ask = partial(
    httpx.request, timeout=PATIENCE_MS / 1000
)  # a request to the service without the page and without cookies


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium without a window."""
    assert CHROMIUM.exists(), "chromium is missing: apt-get install --no-install-recommends chromium"
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=ARGUMENTS, timeout=PATIENCE_MS
        )
        try:
            yield browser
        finally:
            browser.close()


def choose(page: Page, role: str, file: Path) -> None:
    """Choose a file as the ``fixed`` or the ``moving`` image and wait until its upload has ended."""
    slot = page.locator(f"[data-role={role}]")
    slot.locator("input[type=file]").set_input_files(file)
    expect(slot.locator(".facts, .problem")).to_be_visible()


def drop(page: Page, target: Locator, *paths: Path) -> None:
    """Drop files or folders onto an element, with the events of a file manager."""
    box = target.bounding_box()
    at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    devtools = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        devtools.send("Input.dispatchDragEvent", {"type": kind, **at, "data": data})
    devtools.detach()


def count_acts(page: Page) -> Callable[[], dict[str, int]]:
    """Count clicks, keys and drops of the user from now on; return a function that returns them."""
    page.evaluate("""() => {
      window.acts = { click: 0, keydown: 0, drop: 0 }
      for (const kind of Object.keys(acts))
        addEventListener(kind, event => { acts[kind] += event.isTrusted }, { capture: true })
    }""")
    return lambda: page.evaluate("window.acts")


@dataclass(frozen=True)
class Shown:
    """A page with a registration, and the registration as the API returns it."""

    page: Page
    url: str
    registration: dict

    @property
    def result(self) -> dict:
        return self.registration["result"]

    def picture(self, link: str) -> np.ndarray:
        """Return a linked 8-bit preview, (H, W) gray."""
        pixels = imagecodecs.png_decode(ask("GET", self.url + self.registration["links"][link]).content)
        return pixels if pixels.ndim == 2 else pixels[..., 0]


@contextmanager
def registered(browser: Browser, url: str, fixed: Path, moving: Path) -> Iterator[Shown]:
    """Register two files on the page; yield the page with the result."""
    with opened(browser, url) as page:
        choose(page, "fixed", fixed)
        choose(page, "moving", moving)
        yield register(page, url)


def register(page: Page, url: str) -> Shown:
    """Submit the chosen pair, and wait for its result."""
    page.get_by_role("button", name="Register").click()
    wait_for_result(page)
    return Shown(page, url, ask("GET", f"{url}/api/v1/registrations/{registration_id(page)}").json())


@contextmanager
def open_result(browser: Browser, url: str, registration: dict) -> Iterator[Shown]:
    """Open the page of a registration that exists."""
    with opened(browser, f"{url}/?registration={registration['id']}") as page:
        wait_for_result(page)
        yield Shown(page, url, registration)


@contextmanager
def opened(browser: Browser, url: str, width: int = 1280, scheme: str = "light") -> Iterator[Page]:
    """Open the page in a browser context without data of other tests."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.goto(url)
    try:
        yield page
    finally:
        context.close()


def wait_for_result(page: Page) -> None:
    """Wait until verdict, pictures and fonts are displayed."""
    expect(page.locator(".verdict, .failed")).to_be_visible()
    assert page.locator(".failed").all_inner_texts() == []
    page.evaluate("document.fonts.ready.then(() => undefined)")
    wait_for_picture(page)


def open_details(page: Page) -> None:
    """Unfold what stands behind the verdict."""
    if page.locator(".result-details[open]").count() == 0:
        page.locator(".result-details > summary").click()
    expect(page.locator(".result-details[open]")).to_have_count(1)


def wait_for_picture(page: Page) -> None:
    """Wait until the picture is drawn and at rest."""
    settled(page, lambda: page.locator(".stage canvas").evaluate(AT_REST))


def wait_for_layout(page: Page) -> None:
    """Wait until the viewer has kept its place and its zoom for half a second: content may arrive late."""

    def place() -> tuple[Any, ...]:
        box = page.locator(".stage").bounding_box() or {}
        return *box.values(), *canvas_from_fixed(page).ravel().tolist()

    def unchanged() -> bool:
        before = place()
        page.wait_for_timeout(500)
        return place() == before

    settled(page, unchanged)


def registration_id(page: Page) -> str:
    """Return the id of the registration in the URL."""
    return page.evaluate("new URLSearchParams(location.search).get('registration')")


def set_display_mode(page: Page, mode: str, percent: int) -> None:
    """Choose a display mode and move the blend slider."""
    page.get_by_label(mode, exact=True).check()
    page.get_by_label("Blend from the fixed to the moving image").fill(str(percent))


def canvas_pixels(page: Page) -> np.ndarray:
    """Return the pixels of the viewer's canvas at rest, (H, W, 4) uint8."""
    read = f"canvas => ({AT_REST})(canvas) ? canvas.toDataURL('image/png') : null"
    return png_of(settled(page, lambda: page.locator(".stage canvas").evaluate(read)))


def pixels_of(canvas: Locator) -> np.ndarray:
    """Return the pixels of any canvas on the page."""
    return png_of(canvas.evaluate("canvas => canvas.toDataURL('image/png')"))


def png_of(data_url: str) -> np.ndarray:
    """Return the pixels of a PNG in a data URL."""
    return imagecodecs.png_decode(base64.b64decode(data_url.split(",", 1)[1]))


def canvas_from_fixed(page: Page) -> np.ndarray:
    """Return the 3 x 3 from points of the fixed image to points of the canvas, origins at pixel centres."""
    return canvas_from(page, "fixed")


def canvas_from(page: Page, role: str) -> np.ndarray:
    """Return the same of the ``fixed`` or the ``moving`` image."""
    return matrix_of(page.locator(".stage canvas"), role)


def matrix_of(canvas: Locator, role: str) -> np.ndarray:
    """Return the same of any canvas that states the position of an image."""
    return read_matrix(canvas.get_attribute(f"data-canvas-from-{role}"))


def read_matrix(text: str) -> np.ndarray:
    """Return a matrix from its text on the page."""
    a, b, c, d, e, f = map(float, text.split())
    return np.array([[a, c, e - 0.5], [b, d, f - 0.5], [0, 0, 1]])  # a canvas counts from its corner


def fixed_from_moving(page: Page) -> np.ndarray:
    """Return the transform by which the page draws the moving image."""
    stated = page.locator(".stage canvas").evaluate(
        "canvas => ({ ...canvas.dataset })"
    )  # both at the same time
    return np.linalg.inv(read_matrix(stated["canvasFromFixed"])) @ read_matrix(stated["canvasFromMoving"])


def settled(page: Page, ready: Callable[[], Any]) -> Any:
    """Call ``ready`` until its result is true, and return it."""
    end = time.monotonic() + PATIENCE_MS / 1000
    while not (found := ready()):
        assert time.monotonic() < end, "the page does not come to be as it should"
        page.wait_for_timeout(20)
    return found


def shows(page: Page, pixels: np.ndarray) -> None:
    """Wait until the viewer's canvas shows exactly these pixels."""
    settled(page, lambda: np.array_equal(canvas_pixels(page), pixels))
