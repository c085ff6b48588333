"""Plain TIFF files: one uncompressed gray image behind one directory of known tags.

Such a file is read without a decoder: numbers at checked positions, and one block of values. Files of unknown
origin that are plain need no process of their own therefore (``xebra.image.read_untrusted``). A file that
differs in anything from what is described here is left to ``xebra.readers.tiff`` in its process.
"""

from __future__ import annotations

import re
import struct
from typing import BinaryIO, NamedTuple

import numpy as np

from xebra.arrays import Pixels
from xebra.image_files import Contents, Selected
from xebra.limits import MAX_SIDE
from xebra.pixel_spacing import Spacing, of_resolution, per_unit
from xebra.readers.channel import Channel

MAX_BYTES = 16 << 20  # held in memory; larger files take longer to register than to decode
MAX_TAGS, MAX_LENGTH = 24, 4096  # of the directory; of a list or text
HEADER_BYTES = 8
ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
ASCII, SHORT, LONG, RATIONAL = 2, 3, 4, 5
WIDTHS = {ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8}
SUBFILE_TYPE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 254, 256, 257, 258, 259, 262
DESCRIPTION, OFFSETS, ORIENTATION, SAMPLES, ROWS_PER_STRIP, COUNTS = 270, 273, 274, 277, 278, 279
X_RESOLUTION, Y_RESOLUTION, PLANAR, UNIT, SOFTWARE, FORMAT = 282, 283, 284, 296, 305, 339
LISTS = (OFFSETS, COUNTS)
NUMBERS = {
    *(SUBFILE_TYPE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, ORIENTATION, SAMPLES, ROWS_PER_STRIP),
    *(PLANAR, UNIT, FORMAT, *LISTS),
}
TYPES: dict[int, tuple[int, ...]] = dict.fromkeys(NUMBERS, (SHORT, LONG))
TYPES |= {DESCRIPTION: (ASCII,), SOFTWARE: (ASCII,), X_RESOLUTION: (RATIONAL,), Y_RESOLUTION: (RATIONAL,)}
REQUIRED = {WIDTH, HEIGHT, BITS, PHOTOMETRIC, *LISTS}
FIXED = {SUBFILE_TYPE: 0, COMPRESSION: 1, PHOTOMETRIC: 1, ORIENTATION: 1, SAMPLES: 1, PLANAR: 1}
KINDS = {
    (8, 1): "u1",
    (16, 1): "u2",
    (32, 1): "u4",
    (8, 2): "i1",
    (16, 2): "i2",
    (32, 2): "i4",
    (32, 3): "f4",
}
SOFTWARES = ("xebra", "tifffile.py")  # a name may announce metadata of its own
IMAGEJ = re.compile(r"ImageJ=\d\.\d{2}[a-z]\n(?:unit=micron\n)?")
Numbers = tuple[int, ...]


class _Tags(NamedTuple):
    """Numbers and texts of the directory by code."""

    numbers: dict[int, Numbers]
    texts: dict[int, str]

    def number(self, code: int, default: int) -> int:
        return self.numbers.get(code, (default,))[0]


def read(file: BinaryIO) -> Contents | None:
    """Return the image of a plain TIFF file, as ``xebra.image_files.read`` does; None for any other file."""
    file.seek(0)
    start = file.read(4)
    if start not in ORDERS:
        return None
    data = start + file.read(MAX_BYTES + 1 - len(start))
    if len(data) > MAX_BYTES:
        return None
    try:
        tags = _tags(data, ORDERS[start])
        return None if tags is None else _contents(data, ORDERS[start], tags)
    except (struct.error, UnicodeDecodeError):  # numbers beyond the end, letters that are none
        return None


def _tags(data: bytes, order: str) -> _Tags | None:
    """Return the only directory, if all its tags are known and of their usual types."""
    (at,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, at)
    tags = _Tags({}, {})
    if count > MAX_TAGS or struct.unpack_from(order + "I", data, at + 2 + 12 * count) != (0,):
        return None
    for place in range(at + 2, at + 2 + 12 * count, 12):
        code, kind, length = struct.unpack_from(order + "HHI", data, place)
        if code in (*tags.numbers, *tags.texts) or kind not in TYPES.get(code, ()):
            return None
        if not 1 <= length <= (MAX_LENGTH if kind == ASCII or code in LISTS else 1):
            return None
        if not _add(tags, data, order, place, code, kind, length):
            return None
    return tags if tags.numbers.keys() >= REQUIRED else None


def _add(tags: _Tags, data: bytes, order: str, place: int, code: int, kind: int, length: int) -> bool:
    """Add a tag; False if its values would be in the header."""
    inline = WIDTHS[kind] * length <= 4
    at = place + 8 if inline else struct.unpack_from(order + "I", data, place + 8)[0]
    if at < HEADER_BYTES:
        return False
    if kind == ASCII:
        (text,) = struct.unpack_from(f"{length}s", data, at)
        tags.texts[code] = text.rstrip(b"\0").decode("ascii")
    else:
        form = {SHORT: f"{length}H", LONG: f"{length}I", RATIONAL: f"{2 * length}I"}[kind]
        tags.numbers[code] = struct.unpack_from(order + form, data, at)
    return True


def _contents(data: bytes, order: str, tags: _Tags) -> Contents | None:
    height, width = tags.number(HEIGHT, 0), tags.number(WIDTH, 0)
    kind = KINDS.get((tags.number(BITS, 0), tags.number(FORMAT, 1)))
    usual = all(tags.number(code, value) == value for code, value in FIXED.items())
    if kind is None or not usual or not (1 <= height <= MAX_SIDE and 1 <= width <= MAX_SIDE):
        return None
    dtype = np.dtype(order + kind)
    start = _start(tags, height, width * dtype.itemsize, len(data))
    described = _described(tags, height, width)
    if start is None or described is None:
        return None
    pixels: Pixels = np.frombuffer(data, dtype, height * width, start).reshape(height, width)
    form, spacing = described
    channel = Channel("image 0", (height, width), dtype.newbyteorder("=").name, spacing=spacing)
    selected = Selected(form, channel, 0)
    return Contents(pixels, selected.spacing, selected)


def _start(tags: _Tags, height: int, row_bytes: int, file_bytes: int) -> int | None:
    """Return where the values begin, if the strips hold all rows without a gap."""
    offsets, counts = tags.numbers[OFFSETS], tags.numbers[COUNTS]
    rows = min(tags.number(ROWS_PER_STRIP, height), height)
    if rows < 1 or len(offsets) != len(counts) or len(offsets) != -(-height // rows):
        return None
    expected = [rows * row_bytes] * (len(counts) - 1)
    expected.append(height * row_bytes - sum(expected))
    follow = all(at + n == after for at, n, after in zip(offsets, counts, offsets[1:], strict=False))
    inside = offsets[0] >= HEADER_BYTES and offsets[0] + height * row_bytes <= file_bytes
    return offsets[0] if follow and inside and list(counts) == expected else None


def _described(tags: _Tags, height: int, width: int) -> tuple[str, Spacing | None] | None:
    """Return the name of the format and the pixel spacing; None for texts that may state more."""
    text, software = tags.texts.get(DESCRIPTION, ""), tags.texts.get(SOFTWARE, SOFTWARES[0])
    if software not in SOFTWARES:
        return None
    x, y = (_ratio(tags.numbers.get(code)) for code in (X_RESOLUTION, Y_RESOLUTION))
    if text in ("", f'{{"shape": [{height}, {width}]}}'):
        return "TIFF", of_resolution(x, y, tags.number(UNIT, 2))
    if not IMAGEJ.fullmatch(text):
        return None
    micron = per_unit(x, y, "micron", "ImageJ metadata") if "unit=micron" in text else None
    return "ImageJ TIFF", micron or of_resolution(x, y, tags.number(UNIT, 2))


def _ratio(numbers: Numbers | None) -> float:
    return numbers[0] / numbers[1] if numbers and numbers[1] else 0.0
