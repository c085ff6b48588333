"""What instruments and programs put over the specimen: data bars, field stops, padding of a rotated scan.

>>> image = np.ones((64, 64), np.float32)
>>> bool((OVERLAYS["field stop"](np.random.default_rng(0), image) == 0).any())
True
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from xebra.arrays import Floats

Overlay = Callable[[np.random.Generator, Floats], Floats]


def data_bar(random: np.random.Generator, image: Floats) -> Floats:
    """Return the image with a bar at its lower edge: dark, with blocks of text and a scale bar."""
    result, (rows, columns) = image.copy(), image.shape
    top = rows - round(random.uniform(0.07, 0.14) * rows)
    result[top:] = 0.0
    line = np.arange(columns)
    for _ in range(int(random.integers(2, 5))):
        first, width = random.integers(0, columns), int(random.uniform(0.08, 0.25) * columns)
        letters = (line >= first) & (line < first + width) & (line % 5 < 3)
        result[top + (rows - top) // 3 : rows - (rows - top) // 3, letters] = 1.0
    result[rows - 4 : rows - 2, columns // 20 : columns // 20 + columns // 5] = 1.0
    return result


def field_stop(random: np.random.Generator, image: Floats) -> Floats:
    """Return the image with nothing outside of a circle."""
    rows, columns = image.shape
    radius = random.uniform(0.44, 0.56) * max(image.shape)
    middle = random.uniform(0.47, 0.53, 2) * image.shape
    y, x = np.mgrid[:rows, :columns]
    found: Floats = np.where(np.hypot(y - middle[0], x - middle[1]) < radius, image, 0).astype(np.float32)
    return found


def padding(random: np.random.Generator, image: Floats) -> Floats:
    """Return the image with the empty corners of a scan that was rotated after it was taken."""
    rows, columns = image.shape
    angle = np.radians(random.uniform(4, 20)) * random.choice([-1, 1])
    y, x = np.mgrid[:rows, :columns]
    y, x = y - (rows - 1) / 2, x - (columns - 1) / 2
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    inside = (np.abs(along) < columns / 2) & (np.abs(across) < rows / 2)
    found: Floats = np.where(inside, image, 0).astype(np.float32)
    return found


OVERLAYS: dict[str, Overlay] = {"data bar": data_bar, "field stop": field_stop, "padding": padding}
