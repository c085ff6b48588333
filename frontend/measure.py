"""How quick the page is, from a running service: script, first view, large pair, correction.

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


# A line of 3 Mbit/s with a round trip of 40 ms, as DevTools throttles it.
SLOW = {"offline": False, "latency": 40, "downloadThroughput": 3e6 / 8, "uploadThroughput": 3e6 / 8}
# Times between a movement of the pointer and its handlers, and tasks over 50 ms.
WATCH = """() => {
  const watched = 'seen' in window
  window.seen = { delays: [], tasks: [] }
  if (watched) return
  const moved = event => seen.delays.push(performance.now() - event.timeStamp)
  addEventListener('pointermove', moved, { capture: true })
  const observer = new PerformanceObserver(list =>
    list.getEntries().forEach(task => seen.tasks.push(task.duration)))
  observer.observe({ type: 'longtask' })
}"""
MOVES = 120  # of the pointer


def main(url: str) -> None:
    """Print each figure on a line."""
    script = httpx.get(url).text.split('src="')[1].split('"')[0]
    print(f"script: {len(gzip.compress(httpx.get(url + script).content)) / 1000:.0f} kB gzipped")
    registration = registered(url)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        for line in (None, SLOW):
            first = [first_view(browser.new_page(), url, line) for _ in range(5)]
            name = "first view on 3 Mbit/s" if line else "first view"
            print(f"{name}: {statistics.median(first):.0f} ms, median of {len(first)}")
        print(corrected(browser.new_page(viewport={"width": 1280, "height": 900}), url))
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(f"{url}/?registration={registration}")
        page.locator(".stage canvas").wait_for(timeout=60_000)
        page.wait_for_timeout(2000)
        for name, zoom in (("whole image", None), ("own pixels", "Actual pixels")):
            if zoom:
                page.get_by_role("button", name=zoom).click()
                page.wait_for_timeout(3000)
            print(input_delay(page, name))
            for kind in ("pan", "zoom"):
                rate, busy, drawn = frames(page, kind)
                spent = f"{busy:.0f} ms of processor each, drawn {drawn}"
                print(f"{kind}, {name}, {SIDE} px: {rate:.0f} frames/s, {spent}")
        browser.close()


def first_view(page: Page, url: str, line: dict | None) -> float:
    """Milliseconds to the first contentful paint, with an empty cache; the line may be slow."""
    if line:
        devtools = page.context.new_cdp_session(page)
        devtools.send("Network.enable")
        devtools.send("Network.emulateNetworkConditions", line)
    page.goto(url)
    page.locator("h1").wait_for()
    taken = page.evaluate(PAINTED)
    page.close()
    return taken


def input_delay(page: Page, name: str) -> str:
    """The delay of real pointer events while a pair is panned, and the processor time of long tasks."""
    box = page.locator(".stage").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.evaluate(WATCH)
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(MOVES):
        page.mouse.move(x + 100 * np.sin(step / 9), y + 60 * np.cos(step / 9))
    page.mouse.up()
    page.wait_for_timeout(300)
    seen = page.evaluate("window.seen")
    delays, tasks = sorted(seen["delays"]), seen["tasks"]
    middle, largest = statistics.median(delays), delays[int(0.98 * (len(delays) - 1))]
    return (
        f"input delay, {name}, {SIDE} px: median {middle:.1f} ms, 98 % under {largest:.1f} ms, largest "
        f"{delays[-1]:.1f} ms of {len(delays)}; {len(tasks)} long tasks, {sum(tasks):.0f} ms"
    )


def corrected(page: Page, url: str) -> str:
    """Seconds to correct a result by hand, to save that, and to have the TIFF of it."""
    page.goto(url)
    page.get_by_role("button", name="Register the sample pair").click()
    page.locator(".verdict").wait_for(timeout=120_000)
    begun, spent = time.monotonic(), processor_s()
    page.get_by_role("button", name="Correct by hand").click()
    page.locator(".stage").focus()
    for _ in range(3):
        page.keyboard.press("Shift+ArrowDown")
    page.get_by_role("button", name="Save correction").click()
    page.locator(".verdict-corrected").wait_for(timeout=120_000)
    with page.expect_download(timeout=120_000) as download:
        page.get_by_role("link", name="Registered image").click()
    height, width = tifffile.imread(download.value.path()).shape
    taken, spent = time.monotonic() - begun, processor_s() - spent
    page.close()
    return (
        f"corrected, saved, {width} x {height} TIFF: {taken:.1f} s, {spent:.1f} s of processor in the browser"
    )


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
