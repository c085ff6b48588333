"""Decoded images as bytes: an image of unknown origin is decoded once, and read again without a decoder."""

from __future__ import annotations

import json
import struct

import numpy as np

from xebra.image import Image, from_contents
from xebra.image_files import Contents, Selected

_LENGTH = struct.Struct("<I")  # of the header, JSON, which is followed by the pixels


def dump(image: Image) -> bytes:
    """Return the pixels of an image that was read from a file, and which image of its file it is.

    Examples:
        >>> import xebra
        >>> from xebra import decoded, sample
        >>> image = xebra.read_image(sample.FIXED)
        >>> again = decoded.load(decoded.dump(image), image.name, image.sha256)
        >>> bool((again.pixels == image.pixels).all()), again.pixel_spacing == image.pixel_spacing
        (True, True)
    """
    assert image.selected is not None  # it was read from a file
    about = {"dtype": image.pixels.dtype.str, "shape": image.shape, "selected": image.selected.to_json()}
    header = json.dumps(about).encode()
    return b"".join((_LENGTH.pack(len(header)), header, image.pixels.tobytes()))


def load(content: bytes, name: str, file_sha256: str, pixel_spacing: float | None = None) -> Image:
    """Return the image whose ``dump`` was ``content``, as if it had been read from its file.

    Args:
        content: The bytes, unchanged: the caller has compared their hash.
        name: Name of the image in messages and results.
        file_sha256: SHA-256 of the file that it was decoded from.
        pixel_spacing: Pixel spacing in um per px; overrides that of the file.
    """
    (length,) = _LENGTH.unpack_from(content)
    start = _LENGTH.size + length
    header = json.loads(content[_LENGTH.size : start])
    pixels = np.frombuffer(content, np.dtype(header["dtype"]), offset=start).reshape(header["shape"])
    selected = Selected.from_json(header["selected"])
    return from_contents(Contents(pixels, selected.spacing, selected), pixel_spacing, name, file_sha256)
