"""A worker reads an image once for many jobs, and keeps a limited number of bytes."""

from __future__ import annotations

import numpy as np

from worker.image_cache import ImageCache
from xebra import Image

SIDE = 64


def image(seed: int) -> Image:
    return Image(np.random.default_rng(seed).integers(0, 255, (SIDE, SIDE)).astype(np.uint8))


def test_an_image_is_read_once_until_others_take_its_place():
    cache, reads = ImageCache(max_bytes=2 * SIDE * SIDE), []

    def get(seed: int) -> Image:
        return cache.get(seed, lambda: reads.append(seed) or image(seed))

    for seed in (1, 2, 1, 2, 1, 3, 1, 2):  # 3 takes the place of 2, which was used least recently
        np.testing.assert_array_equal(get(seed).pixels, image(seed).pixels)
    assert reads == [1, 2, 3, 2]


def test_an_image_larger_than_the_cache_is_not_kept():
    cache, reads = ImageCache(max_bytes=SIDE * SIDE - 1), []
    for _ in range(2):
        cache.get("large", lambda: reads.append(1) or image(1))
    assert len(reads) == 2


def test_a_failed_read_leaves_nothing():
    cache = ImageCache()

    def fail() -> Image:
        raise OSError("the store does not answer")

    for _ in range(2):
        try:
            cache.get("a", fail)
        except OSError:
            continue
        raise AssertionError
    assert cache.get("a", lambda: image(1)).shape == (SIDE, SIDE)
