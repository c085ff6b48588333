"""Large images are displayed at their own pixels, by tiles."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pytest
import tifffile
from support.browser import PATIENCE_MS, pixels_of, settled
from support.service import QUICK, Service

from xebra import sample

PAIR = sample.FIXED, sample.MOVING
SHAPE = (1301, 1700)


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    """Noise of single px, which a preview cannot show, on a slope within the range."""
    slope = np.linspace(0, 50_000, SHAPE[0] * SHAPE[1]).reshape(SHAPE)
    return (slope + np.random.default_rng(0).integers(0, 10_000, SHAPE)).astype(np.uint16)


def difference(drawn: np.ndarray, values: np.ndarray) -> float:
    """Return the mean difference in grey levels without clipped ones, up to the page's contrast."""
    where = (drawn > 2) & (drawn < 253)
    line = np.polyfit(values[where], drawn[where].astype(float), 1)
    return float(np.abs(np.polyval(line, values) - drawn)[where].mean())


@pytest.mark.parametrize("level", [0, 1])
def test_tiles_together_are_the_image(service: Service, noise, level):
    image = service.upload(noise)
    step, rows = 1 << level, []
    for row in range(-(-SHAPE[0] // (512 * step))):
        columns = range(-(-SHAPE[1] // (512 * step)))
        paths = [f"{image['links']['self']}/tiles/{level}/{column}/{row}" for column in columns]
        rows.append(np.hstack([imagecodecs.png_decode(service.client.get(path).content) for path in paths]))
    whole = np.vstack(rows)
    even = noise[: SHAPE[0] // step * step, : SHAPE[1] // step * step].astype(float)
    expected = even.reshape(SHAPE[0] // step, step, -1, step).mean((1, 3))
    drawn = whole[: len(expected), : expected.shape[1]]
    assert whole.shape == tuple(-(-length // step) for length in SHAPE)
    assert difference(drawn, expected) < 1


@pytest.mark.parametrize("place", ["0/4/0", "0/0/3", "1/2/0"])
def test_beyond_the_image_there_is_no_tile(service: Service, noise, place):
    image = service.upload(noise)
    answer = service.client.get(f"{image['links']['self']}/tiles/{place}")
    assert answer.status_code == 404 and "has no tile" in answer.json()["detail"]


def test_small_previews_are_drawn_until_the_whole_ones_are_loaded(browser, service: Service):
    fixed, moving = (np.kron(tifffile.imread(file), np.ones((3, 3), np.uint16)) for file in PAIR)
    job = service.wait(service.submit(service.upload(fixed), service.upload(moving), **QUICK))
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    page, held = context.new_page(), []
    for role in ("fixed", "moving"):  # the small versions pass
        page.route(service.url + job["links"][f"{role}_preview"], lambda route: held.append(route))
    page.goto(f"{service.url}/?registration={job['id']}")
    canvas = page.locator(".stage canvas")
    settled(page, lambda: canvas.count() == 1 and canvas.get_attribute("data-drawn") == "coarse")
    assert pixels_of(canvas)[..., :3].std() > 20
    for route in held:
        route.continue_()
    page.unroute_all(behavior="wait")
    settled(page, lambda: canvas.get_attribute("data-drawn") == "fine")
    context.close()
