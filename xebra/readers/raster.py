"""PNG, JPEG, BMP and GIF: pictures of one image, GIF also of several frames."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from typing import BinaryIO

import imagecodecs
import numpy as np
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from xebra import pixel_spacing
from xebra.arrays import Pixels
from xebra.errors import ImageUnreadable
from xebra.limits import MAX_RATIO, check_ratio, check_size
from xebra.pixel_spacing import Spacing
from xebra.readers.channel import Channel, Entry, Opened
from xebra.readers.palette import looked_up
from xebra.readers.source import Source
from xebra.readers.tiff_limits import JPEG_RATIO

PNG = b"\x89PNG\r\n\x1a\n"
LONGEST_TEXT = 1 << 19  # bytes of a compressed text, which may inflate a thousandfold
NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")  # the others may be compressed text of any size
INDEXED = 3
CHANNELS = {0: 1, 2: 3, INDEXED: 1, 4: 2, 6: 4}  # of PNG's colour types
GRAY_MODES, COLOUR_MODES = ("1", "L", "I;16", "I"), ("RGB", "RGBA")
SIGNATURES = {PNG: "PNG", b"\xff\xd8\xff": "JPEG", b"BM": "BMP", b"GIF87a": "GIF", b"GIF89a": "GIF"}
MAX_FRAMES = 10_000
# The classes rather than PIL.Image.open, whose own limit on pixels is below ours; sizes are checked here.
OPENERS: dict[str, Callable[[BinaryIO], ImageFile]] = {
    "JPEG": JpegImageFile,
    "BMP": BmpImageFile,
    "GIF": GifImageFile,
}


def kind(start: bytes) -> str | None:
    """Return the format that a file's first bytes announce."""
    return next((name for signature, name in SIGNATURES.items() if start.startswith(signature)), None)


@contextmanager
def opened(source: Source) -> Iterator[Opened]:
    """Open a picture; its size is checked before anything is decoded."""
    format = kind(source.start(8))
    if format is None:
        raise ImageUnreadable(f"{source.name}: it is no PNG, JPEG, BMP or GIF file. Export the image again.")
    yield Opened(format, [_png(source) if format == "PNG" else _picture(source, format)])


def _png(source: Source) -> Entry:
    header = source.start(33)
    width, height, bits, colour = struct.unpack_from(">IIBB", header, 16)
    check_size(source.name, height, width, CHANNELS.get(colour, 4) * max(1, bits // 8))
    colours = {2: (3,), 6: (4,)}.get(colour, ())
    _check_texts(source)
    physical = next((raw[8:-4] for kind, raw in _chunks(source.opened) if kind == b"pHYs"), None)
    channel = Channel(
        "image 0",
        (height, width, *colours),
        "uint16" if bits == 16 else "uint8",
        spacing=pixel_spacing.of_png(physical),
    )
    return Entry(channel, lambda frame, level: _decoded_png(source, colour, bits))


def _check_texts(source: Source) -> None:
    """Texts are never decompressed here, but a file with such a text is none of an instrument."""
    for kind, length in _lengths(source.opened):
        if kind == b"zTXt" and length > LONGEST_TEXT:
            raise ImageUnreadable(
                f"{source.name}: it holds a compressed text of {length >> 10} KiB. Save the image anew."
            )


def _decoded_png(source: Source, colour: int, bits: int) -> Pixels:
    data = PNG + b"".join(raw for kind, raw in _chunks(source.opened, pixels=True) if kind in NEEDED)
    if colour == INDEXED:
        return _pixels(PngImageFile(BytesIO(data)), source.name)
    pixels = imagecodecs.png_decode(data)
    if bits == 1 and colour == 0:
        pixels = (pixels > 0).astype(np.uint8)
    return pixels[..., 0] if pixels.shape[2:] == (2,) else pixels  # gray with alpha


def _chunks(file: BinaryIO, pixels: bool = False) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kind and the bytes of each chunk; without ``pixels`` only those before the pixels."""
    for kind, length in _lengths(file):
        if kind == b"IDAT" and not pixels:
            return
        yield kind, file.read(length + 12) if kind in (*NEEDED, b"pHYs") else b""


def _lengths(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Yield the kind and the length of each chunk; the file is positioned at its start."""
    at = len(PNG)
    while True:
        file.seek(at)
        start = file.read(8)
        if len(start) < 8:
            return
        length, kind = struct.unpack(">I4s", start)
        file.seek(at)
        yield kind, length
        at += length + 12


def _picture(source: Source, format: str) -> Entry:
    source.opened.seek(0)
    picture = OPENERS[format](source.opened)
    width, height = picture.size
    colours = 0 if picture.mode in (*GRAY_MODES, "P", "LA") else len(picture.getbands())
    check_size(source.name, height, width, max(1, colours))
    limit = JPEG_RATIO if format == "JPEG" else MAX_RATIO
    check_ratio(source.name, height * width * max(1, colours), source.size, limit)
    frames = min(getattr(picture, "n_frames", 1), MAX_FRAMES) if format == "GIF" else 1
    shape = (height, width, colours) if colours else (height, width)
    channel = Channel("image 0", shape, "uint8", frames=frames, spacing=_spacing(picture))
    return Entry(channel, partial(_frame, picture, source.name))


def _frame(picture: ImageFile, name: str, frame: int, level: int) -> Pixels:
    if frame:
        picture.seek(frame)
    return _pixels(picture, name)


def _pixels(picture: ImageFile, name: str) -> Pixels:
    """Gray or colour values; indices as ``looked_up`` takes them."""
    if picture.mode == "P":
        table = np.array(picture.getpalette("RGB"), np.uint8).reshape(-1, 3)
        return looked_up(np.asarray(picture), table)
    if picture.mode in GRAY_MODES:
        pixels = np.asarray(picture)
        return pixels.astype(np.uint8) if pixels.dtype == bool else pixels
    if picture.mode in COLOUR_MODES:
        return np.asarray(picture)
    raise ImageUnreadable(f"{name}: {picture.mode} values are neither gray nor RGB. Save it as one of these.")


def _spacing(picture: ImageFile) -> Spacing | None:
    """JPEG's density and BMP's resolution, where they are finer than any printer."""
    if isinstance(picture, JpegImageFile):
        x, y = picture.info.get("jfif_density", (0, 0))
        unit = {1: "inch", 2: "cm"}.get(picture.info.get("jfif_unit", 0))
        return pixel_spacing.plausible(pixel_spacing.per_unit(x, y, unit, "JPEG density")) if unit else None
    return None
