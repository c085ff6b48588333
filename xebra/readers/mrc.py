"""MRC images and stacks, read by mrcfile; lengths are in angstrom."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

import numpy as np

from xebra.errors import ImageUnreadable
from xebra.pixel_spacing import Spacing, of_size
from xebra.readers.channel import Channel, Entry, Opened
from xebra.readers.rosetta import NOT_INSTALLED
from xebra.readers.source import Source

BYTES = {0: 1, 1: 2, 2: 4, 3: 4, 4: 8, 6: 2, 12: 2, 101: 0.5}  # of a value, by mode
HEADER = 1024


@contextmanager
def opened(source: Source) -> Iterator[Opened]:
    """Open an MRC file; its sizes are compared with its length before it is mapped."""
    _check(source)
    try:
        mrcfile = import_module("mrcfile")
    except ModuleNotFoundError as error:
        raise ImageUnreadable(NOT_INSTALLED.format(name=source.name, what="MRC files")) from error
    with source.on_disk(".mrc") as path, mrcfile.mmap(path, permissive=True) as mrc:
        stack = mrc.data.reshape(-1, *mrc.data.shape[-2:])
        channel = Channel(
            "image 0",
            tuple(stack.shape[1:]),
            str(stack.dtype),
            frames=len(stack),
            spacing=_spacing(mrc.voxel_size),
        )
        yield Opened("MRC", [Entry(channel, lambda frame, level: np.array(stack[frame]))])


def _check(source: Source) -> None:
    header = source.start(HEADER)
    order = ">" if header[212:214] == b"\x11\x11" else "<"
    columns, rows, sections, mode = struct.unpack_from(order + "4i", header)
    needed = HEADER + columns * rows * sections * BYTES.get(mode, 1)
    if min(columns, rows, sections) < 1 or needed > source.size:
        raise ImageUnreadable(
            f"{source.name}: the file is truncated or damaged ({columns} x {rows} x {sections} values do not "
            "fit in it). Export or copy it again."
        )


def _spacing(voxel: np.recarray) -> Spacing | None:
    """None for exactly 1 angstrom: what is written where nothing is known."""
    x, y = float(voxel.x), float(voxel.y)
    return None if x == y == 1.0 else of_size(x, y, "A", "MRC cell")
