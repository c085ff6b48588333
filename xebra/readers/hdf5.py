"""HDF5 files: emd of Velox and NCEM and hspy by RosettaSciIO; NeXus, Delmic and all others by path, by h5py.

The channel of such a file is the path of a data set: ``channel="/entry/data/data"``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from xebra.arrays import Pixels
from xebra.errors import ImageUnreadable
from xebra.limits import MAX_BYTES
from xebra.pixel_spacing import Spacing, of_size
from xebra.readers import hdf5_axes, rosetta, velox
from xebra.readers.channel import Channel, Entry, Kind, Opened
from xebra.readers.elements import is_element
from xebra.readers.source import Source

if TYPE_CHECKING:
    import h5py

MAX_OBJECTS = 20_000
PREVIEWS = ("preview", "thumbnail", "thumb", "icon")
COORDINATES = 2  # dimensions that an image has at least


@contextmanager
def opened(source: Source) -> Iterator[Opened]:
    """Open an HDF5 file. Data that lie in other files are refused: a file must not name what is read."""
    try:
        h5py = import_module("h5py")
    except ModuleNotFoundError as error:
        raise ImageUnreadable(rosetta.NOT_INSTALLED.format(name=source.name, what="HDF5 files")) from error
    source.opened.seek(0)
    with h5py.File(source.opened, "r") as file:
        data = _data_sets(file, h5py, source.name)
        suffix, stream = _suffix(file), velox.has_stream(file)
        if suffix is None or find_spec("rsciio") is None:
            title = (
                "NeXus" if any(g.attrs.get("NX_class") is not None for g in _groups(file, h5py)) else "HDF5"
            )
            yield Opened(title, [entry for each in data for entry in _entries(each, source.name)])
            return
    with rosetta.opened_as(source, suffix, stream) as found:
        yield found


def _suffix(file: h5py.File) -> str | None:
    """Return the suffix by which RosettaSciIO reads a file, from what it holds; None for other files."""
    if "Experiments" in file and "file_format" in file.attrs:
        return ".hspy"
    velox = "Data" in file and "Version" in file
    ncem = "version_major" in file.attrs and "version_minor" in file.attrs
    return ".emd" if velox or ncem else None


def _groups(file: h5py.File, h5py: Any) -> list[h5py.Group]:
    return [file, *(g for g in file.values() if isinstance(g, h5py.Group))]


def _data_sets(file: h5py.File, h5py: Any, name: str) -> list[h5py.Dataset]:
    """All data sets; links to other files are not followed."""
    found, count = [], 0

    def take(_: str, item: Any) -> None:
        nonlocal count
        count += 1
        if count > MAX_OBJECTS:
            raise ImageUnreadable(
                f"{name}: the file holds more than {MAX_OBJECTS} objects. Save the image alone."
            )
        if isinstance(item, h5py.Dataset):
            if item.external or item.is_virtual:
                raise ImageUnreadable(
                    f"{name}: {item.name} lies in other files. Save the image in one file (h5repack)."
                )
            found.append(item)

    file.visititems(take)
    return found


def _entries(data: h5py.Dataset, name: str) -> list[Entry]:
    """Return the channels of one data set; none where it is no image."""
    if data.dtype.kind not in "buifc" or len(data.shape) < COORDINATES or not data.size:
        return []
    axes = hdf5_axes.axes(data)
    if axes is None:
        return []
    if axes.spectrum:
        return [
            Entry(
                _channel(data, axes, f"{data.name}: total counts", "map"), partial(_total, data, axes, name)
            )
        ]
    return [Entry(_channel(data, axes, data.name, _kind(data)), partial(_load, data, axes, name))]


def _kind(data: h5py.Dataset) -> Kind:
    words = data.name.lower().strip("/").split("/")
    if any(word in PREVIEWS for word in words):
        return "preview"
    return "map" if is_element(data.name.rpartition("/")[2]) else "image"


def _channel(data: h5py.Dataset, axes: hdf5_axes.Axes, name: str, kind: Kind) -> Channel:
    shape = tuple(data.shape[n] for n in (axes.y, axes.x))
    colours = () if axes.colour is None else (data.shape[axes.colour],)
    frames = int(np.prod([data.shape[n] for n in axes.frames], dtype=np.int64))
    return Channel(
        name, shape + colours, str(data.dtype), frames=frames, spacing=_spacing(data, axes), kind=kind
    )


def _spacing(data: h5py.Dataset, axes: hdf5_axes.Axes) -> Spacing | None:
    for scale, source in (
        (hdf5_axes.dimension_scale, "HDF5 dimension scale"),
        (hdf5_axes.nexus, "NeXus axes"),
    ):
        along_x, along_y = scale(data, axes.x), scale(data, axes.y)
        if along_x or along_y:
            (x, unit_x), (y, unit_y) = along_x or (None, None), along_y or (None, None)
            found = of_size(x, y, unit_x or unit_y, source, unit_y or unit_x)
            if found:
                return found
    size = data.attrs.get("element_size_um")  # of Fiji's and ilastik's HDF5: (z, y, x)
    return (
        of_size(size[-1], size[-2], "um", "element_size_um") if size is not None and len(size) > 1 else None
    )


def _load(data: h5py.Dataset, axes: hdf5_axes.Axes, name: str, frame: int, level: int) -> Pixels:
    _check_chunk(data, name)
    at: list[Any] = [slice(None)] * len(data.shape)
    sizes = [data.shape[n] for n in axes.frames]
    for n, place in zip(axes.frames, np.unravel_index(frame, sizes) if sizes else (), strict=True):
        at[n] = int(place)
    kept = [n for n in range(len(data.shape)) if n not in axes.frames]
    order = [kept.index(n) for n in (axes.y, axes.x, *([] if axes.colour is None else [axes.colour]))]
    pixels: Pixels = data[tuple(at)].transpose(order)
    return pixels


def _total(data: h5py.Dataset, axes: hdf5_axes.Axes, name: str, frame: int, level: int) -> Pixels:
    """Return the total counts of a spectrum map, summed row by row."""
    _check_chunk(data, name)
    dtype = np.uint32 if data.dtype.kind in "bui" else np.float32
    rows = [data[row].sum(-1, dtype=np.float64) for row in range(data.shape[0])]
    return np.stack(rows).astype(dtype)


def _check_chunk(data: h5py.Dataset, name: str) -> None:
    chunk = int(np.prod(data.chunks or (0,), dtype=np.float64)) * data.dtype.itemsize
    if chunk > MAX_BYTES // 4:
        raise ImageUnreadable(
            f"{name}: {data.name} is stored in parts of {chunk >> 20} MiB. Save it in smaller ones."
        )
