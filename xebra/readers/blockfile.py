"""Headers of NanoMEGAS block files (.blo): RosettaSciIO does not compare them with the size of the file."""

from __future__ import annotations

import struct

from xebra.errors import ImageUnreadable
from xebra.readers.source import Source

SIGNATURE = b"IMGBLO"
HEADER = struct.Struct("<6s H III HH HH")  # to the numbers of scan points
BEFORE_PATTERN = 6  # bytes


def check(source: Source) -> None:
    """Raise ImageUnreadable where a file is no block file, or states more patterns than it has bytes.

    The reader would list each of up to 2**32 patterns first.
    """
    start = source.start(HEADER.size)
    if len(start) < HEADER.size or not start.startswith(SIGNATURE):
        raise ImageUnreadable(f"{source.name}: the file is truncated or damaged. Export or copy it again.")
    *_, side, _, columns, rows = HEADER.unpack(start)
    stated = columns * rows * (BEFORE_PATTERN + side * side)
    if stated > source.size:
        patterns = f"{columns} x {rows} patterns of {side} x {side} px in {source.size} bytes"
        raise ImageUnreadable(
            f"{source.name}: the file is truncated or damaged ({patterns}). Export or copy it again."
        )
