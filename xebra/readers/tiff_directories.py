"""The chain of directories of a TIFF file, walked before any library parses it.

A file of a few kilobytes can hold directories that point at each other, or 10^5 of them; libraries follow
both.
"""

from __future__ import annotations

import struct
from typing import BinaryIO, NamedTuple

from xebra.errors import ImageUnreadable

MAX_DIRECTORIES = 10_000
MAX_TAGS = 4096  # of one directory; instruments write up to 70
SUBDIRECTORIES = 330
CYCLE = "{name}: its TIFF directories point at each other, so the file has no end. Export it again."
LONG_TYPES = {4: 4, 13: 4, 16: 8, 18: 8}  # LONG, IFD, LONG8, IFD8: bytes of an offset


class Layout(NamedTuple):
    """How numbers are stored: classic TIFF or BigTIFF, in either byte order."""

    order: str  # "<" or ">"
    offset: str  # struct code of an offset
    tag_count: str  # struct code of a directory's number of tags
    first: int  # position of the first directory's offset

    @property
    def tag_bytes(self) -> int:
        """Bytes of one tag."""
        return 4 + 2 * struct.calcsize(self.order + self.offset)


def check_directories(file: BinaryIO, name: str) -> int:
    """Return the number of directories, subdirectories included.

    Raises ImageUnreadable where they form a cycle or are too many.
    """
    layout = _layout(file)
    main = _chain(file, layout, _number(file, layout, layout.first, layout.offset), name, set())
    seen = set(main)
    pending = [sub for at in main for sub in _subdirectories(file, layout, at, name)]
    while pending:
        start = pending.pop()
        if start in main:
            raise ImageUnreadable(CYCLE.format(name=name))
        for at in _chain(file, layout, start, name, seen):  # reduced copies may be listed and chained at once
            seen.add(at)
            pending += _subdirectories(file, layout, at, name)
    return len(seen)


def _chain(file: BinaryIO, layout: Layout, start: int, name: str, known: set[int]) -> dict[int, None]:
    """Positions of the directories of one chain, in order, up to one that is known."""
    size, at = file.seek(0, 2), start
    chain: dict[int, None] = {}
    while 0 < at < size and at not in known:  # 0 ends a chain; libraries report an offset behind the end
        if at in chain:
            raise ImageUnreadable(CYCLE.format(name=name))
        chain[at] = None
        if len(chain) + len(known) > MAX_DIRECTORIES:
            raise ImageUnreadable(
                f"{name}: the file holds more than {MAX_DIRECTORIES} TIFF directories. "
                "Save the image to be registered as a file of its own."
            )
        count, tags = _count(file, layout, at, name)
        at = _number(file, layout, tags + count * layout.tag_bytes, layout.offset)
    return chain


def _count(file: BinaryIO, layout: Layout, at: int, name: str) -> tuple[int, int]:
    """Return the number of a directory's tags, and the position of the first one."""
    count = _number(file, layout, at, layout.tag_count)
    if count > MAX_TAGS:
        raise ImageUnreadable(f"{name}: the file is truncated or damaged ({count} tags in one directory).")
    return count, at + struct.calcsize(layout.order + layout.tag_count)


def _layout(file: BinaryIO) -> Layout:
    file.seek(0)
    start = file.read(4)
    order = "<" if start[:2] == b"II" else ">"
    (version,) = struct.unpack(order + "H", start[2:4])
    return Layout(order, "Q", "Q", 8) if version == 43 else Layout(order, "I", "H", 4)


def _subdirectories(file: BinaryIO, layout: Layout, directory: int, name: str) -> list[int]:
    """Offsets of the subdirectories (reduced copies) that a directory lists."""
    count, start = _count(file, layout, directory, name)
    file.seek(start)
    tags = file.read(count * layout.tag_bytes)
    places = range(0, len(tags) - layout.tag_bytes + 1, layout.tag_bytes)
    codes = ((place, struct.unpack_from(layout.order + "H", tags, place)[0]) for place in places)
    return [
        at for place, code in codes if code == SUBDIRECTORIES for at in _offsets(file, layout, start + place)
    ]


def _offsets(file: BinaryIO, layout: Layout, tag: int) -> list[int]:
    """Return the values of a tag that holds offsets."""
    kind = _number(file, layout, tag + 2, "H")
    count = _number(file, layout, tag + 4, layout.offset)
    width = LONG_TYPES.get(kind, 0)
    if not width or count > MAX_DIRECTORIES:
        return []
    value = tag + 4 + struct.calcsize(layout.order + layout.offset)
    inline = count * width <= struct.calcsize(layout.order + layout.offset)
    at = value if inline else _number(file, layout, value, layout.offset)
    return [_number(file, layout, at + n * width, "I" if width == 4 else "Q") for n in range(count)]


def _number(file: BinaryIO, layout: Layout, at: int, code: str) -> int:
    """Return the number at a position; 0 where the file ends before it."""
    form = layout.order + code
    if at < 0 or at > 1 << 62:
        return 0
    file.seek(at)
    data = file.read(struct.calcsize(form))
    return struct.unpack(form, data)[0] if len(data) == struct.calcsize(form) else 0
