"""Large images are displayed at their own pixels, by tiles."""

from __future__ import annotations

import imagecodecs
import numpy as np
import pytest
from support.service import Service

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
