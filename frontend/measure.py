"""How quick the page is, from a running service: size of the script, first view, frames of a large pair.

xebra serve & .venv/bin/python frontend/measure.py http://127.0.0.1:8000
"""

import gzip
import io
import statistics
import sys
import time

import httpx
import numpy as np
import psutil
import tifffile
from playwright.sync_api import Page, sync_playwright

SIDE, SECONDS = 4096, 3.0
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-quic", "--disable-background-networking"]
FRAMES = """seconds => new Promise(done => {
  const times = []
  const step = now => {
    times.push(now)
    if (now - times[0] < 1000 * seconds) requestAnimationFrame(step)
    else done(times)
  }
  requestAnimationFrame(step)
})"""
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
ACT = """([kind, seconds]) => {
  const stage = document.querySelector('.stage'), { left, top, width, height } = stage.getBoundingClientRect()
  const begun = performance.now()
  const send = (type, turn) => stage.dispatchEvent(new PointerEvent(type, {
    bubbles: true, pointerId: 1, isPrimary: true, button: 0, buttons: type === 'pointerup' ? 0 : 1,
    clientX: left + width * (0.5 + 0.2 * Math.sin(turn)),
    clientY: top + height * (0.5 + 0.2 * Math.cos(turn)) }))
  stage.setPointerCapture = () => {}
  if (kind === 'pan') send('pointerdown', 0)
  const step = now => {
    const turn = (now - begun) / 300
    if (kind === 'pan') send('pointermove', turn)
    else stage.dispatchEvent(new WheelEvent('wheel', { bubbles: true, cancelable: true,
      deltaY: 40 * Math.cos(turn), clientX: left + width / 2, clientY: top + height / 2 }))
    if (now - begun < 1000 * seconds) requestAnimationFrame(step)
    else if (kind === 'pan') send('pointerup', turn)
  }
  requestAnimationFrame(step)
}"""


def main(url: str) -> None:
    """Print each figure on a line."""
    script = httpx.get(url).text.split('src="')[1].split('"')[0]
    print(f"script: {len(gzip.compress(httpx.get(url + script).content)) / 1000:.0f} kB gzipped")
    registration = registered(url)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        first = [first_view(browser.new_page(), url) for _ in range(5)]
        print(f"first view: {statistics.median(first):.0f} ms, median of {len(first)}")
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{url}/?registration={registration}")
        page.locator(".stage canvas").wait_for(timeout=60_000)
        page.wait_for_timeout(2000)
        for name, zoom in (("whole image", None), ("own pixels", "Actual pixels")):
            if zoom:
                page.get_by_role("button", name=zoom).click()
                page.wait_for_timeout(3000)
            for kind in ("pan", "zoom"):
                rate, busy, drawn = frames(page, kind)
                spent = f"{busy:.0f} ms of processor each, drawn {drawn}"
                print(f"{kind}, {name}, {SIDE} px: {rate:.0f} frames/s, {spent}")
        browser.close()


def first_view(page: Page, url: str) -> float:
    """Milliseconds to the first contentful paint, with an empty cache."""
    page.goto(url)
    page.locator("h1").wait_for()
    taken = page.evaluate(PAINTED)
    page.close()
    return taken


def frames(page: Page, kind: str) -> tuple[float, float, str]:
    """Frames per second as each shows another view, ms of processor for one, and how it was drawn."""
    before, busy = page.locator(".stage canvas").get_attribute("data-canvas-from-fixed"), processor_s()
    page.evaluate(ACT, [kind, SECONDS])
    times = page.evaluate(FRAMES, SECONDS - 0.5)
    busy, drawn = processor_s() - busy, page.locator(".stage canvas").get_attribute("data-drawn")
    assert page.locator(".stage canvas").get_attribute("data-canvas-from-fixed") != before, f"nothing {kind}s"
    count = len(times) - 1
    page.locator(".stage canvas[data-drawn=fine]").wait_for()
    return count * 1000 / (times[-1] - times[0]), busy * 1000 / count, drawn


def processor_s() -> float:
    """What all processes of the browser have used."""
    family = psutil.Process().children(recursive=True)
    return sum(sum(process.cpu_times()[:2]) for process in family if "chromium" in process.name())


def registered(url: str) -> str:
    """A pair of that size; where it lies does not matter here."""
    ids = []
    for seed in (0, 1):
        coarse = np.random.default_rng(seed).integers(0, 60_000, (SIDE // 16, SIDE // 16)).astype(np.uint16)
        file = io.BytesIO()
        tifffile.imwrite(file, np.kron(coarse, np.ones((16, 16), np.uint16)))
        answer = httpx.post(f"{url}/api/v1/images", files={"file": ("a.tif", file.getvalue())}, timeout=300)
        ids.append(answer.raise_for_status().json()["id"])
    pair = {"fixed_image_id": ids[0], "moving_image_id": ids[1]}
    job = httpx.post(f"{url}/api/v1/registrations", json=pair, timeout=60).raise_for_status().json()
    while job["state"] not in ("succeeded", "failed"):
        time.sleep(1)
        job = httpx.get(url + job["links"]["self"], timeout=60).json()
    return job["id"]


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), *sys.argv[2:])
