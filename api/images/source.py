"""An image of an uploaded file in the store, and its original values."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import Any, NamedTuple

import numpy as np

from api.images import choice
from api.images.choice import Choice
from db.errors import ObjectAltered
from db.rows import ImageRow
from db.store import ImageStore
from xebra.errors import ImageChoiceNeeded, RegistrationError

KEPT_IMAGES, KEPT_BYTES = 2, 128 << 20  # the pair in a viewer; a larger image is decoded for each request
Pixels = np.ndarray[Any, Any]


class Source(NamedTuple):
    """An image of an uploaded file."""

    store: ImageStore
    key: str
    name: str
    choice: Choice

    @classmethod
    def of(cls, store: ImageStore, row: ImageRow, wanted: Choice) -> Source:
        """Return the chosen image, or the one that stands for its file."""
        return cls(store, row.store_key, row.name, choice.shown(row, wanted))

    def values(self) -> Pixels:
        """Return the values (H, W), read-only; of colours their mean.

        Raises:
            ImageChoiceNeeded: the file has no such channel.
            ObjectAltered: the stored image, which was readable when it was uploaded, cannot be read.
        """
        with _decoding:
            found = _kept.pop(self, None)
            if found is None:
                found = self._decoded()
            if found.nbytes <= KEPT_BYTES:
                _kept[self] = found
            while len(_kept) > KEPT_IMAGES:
                _kept.popitem(last=False)
            return found

    def _decoded(self) -> Pixels:
        from xebra.image import luminance, read_pixels_untrusted

        with self.store.open(self.key) as file:
            try:
                pixels = read_pixels_untrusted(
                    file, self.name, channel=self.choice.channel, frame=self.choice.frame
                )
            except ImageChoiceNeeded:  # such as an X-ray line that is not in the spectrum
                raise
            except RegistrationError as error:
                raise ObjectAltered(f"{self.name} cannot be read: {error}") from error
        return luminance(pixels)


_kept: OrderedDict[Source, Pixels] = OrderedDict()  # least recently used first
_decoding = Lock()  # one at a time: decoding needs much memory
