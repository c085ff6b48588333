"""Which reader takes a file: judged by its first bytes, by its name only where a format has no signature."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib import import_module

from xebra.errors import ImageUnreadable
from xebra.readers import raster, tiff
from xebra.readers.channel import Opened
from xebra.readers.source import Source

HDF5 = b"\x89HDF\r\n\x1a\n"
START = 4096  # bytes that are examined
Reader = Callable[[Source], AbstractContextManager[Opened]]


def reader(source: Source) -> Reader:
    """Return the reader of a file. Raises ImageUnreadable where there is none."""
    start = source.start(START)
    if source.file is not None and not start:
        raise ImageUnreadable(f"{source.name}: the file is empty (0 bytes). Export the image again.")
    if start.startswith(tiff.SIGNATURES):
        return tiff.opened
    if raster.kind(start):
        return raster.opened
    opened: Reader = import_module(f"xebra.readers.{_optional(source, start)}").opened
    return opened


def _optional(source: Source, start: bytes) -> str:
    """Return the name of the module that reads a rare format; it is imported when needed."""
    if source.file is None:
        return "ome_zarr"
    if start.startswith(HDF5):
        return "hdf5"
    if start[208:212] == b"MAP ":
        return "mrc"
    return "rosetta"
