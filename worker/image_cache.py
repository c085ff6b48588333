"""The images that a worker process has read last: a batch registers one with many others."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable

from xebra import Image

MAX_BYTES = 64 << 20


class ImageCache:
    """Images by a key that states their content; the least recently used are dropped. Not thread-safe."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes, self._bytes = max_bytes, 0
        self._images: OrderedDict[Hashable, Image] = OrderedDict()

    def get(self, key: Hashable, read: Callable[[], Image]) -> Image:
        """Return the image of a key; ``read`` returns it where it is not kept."""
        if key in self._images:
            self._images.move_to_end(key)
            return self._images[key]
        image = read()
        if image.pixels.nbytes <= self._max_bytes:
            self._images[key] = image
            self._bytes += image.pixels.nbytes
        while self._bytes > self._max_bytes:
            _, dropped = self._images.popitem(last=False)
            self._bytes -= dropped.pixels.nbytes
        return image
