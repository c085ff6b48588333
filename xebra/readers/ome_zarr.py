"""OME-Zarr folders (OME-NGFF 0.4 and 0.5): each multiscale image, its channels and resolution levels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from xebra.arrays import Pixels
from xebra.errors import ImageUnreadable
from xebra.limits import MAX_BYTES
from xebra.pixel_spacing import Spacing, of_size
from xebra.readers.channel import Channel, Entry, Opened
from xebra.readers.elements import is_element
from xebra.readers.rosetta import NOT_INSTALLED
from xebra.readers.source import Source

if TYPE_CHECKING:
    import zarr

MAX_GROUPS = 2000
OLD_AXES = "tczyx"  # of versions that name none


@contextmanager
def opened(source: Source) -> Iterator[Opened]:
    """Open the folder of an OME-Zarr image, or of a plate or series that holds several."""
    try:
        zarr = import_module("zarr")
    except ModuleNotFoundError as error:
        raise ImageUnreadable(NOT_INSTALLED.format(name=source.name, what="OME-Zarr")) from error
    root = zarr.open(str(source.path), mode="r")
    if isinstance(root, zarr.Array):
        axes = OLD_AXES[-root.ndim :]
        yield Opened("Zarr", _channels([root], axes, source.name, {}, {}))
        return
    entries = []
    for path, group in _images(root, zarr):
        entries += _image(group, path)
    yield Opened("OME-Zarr", entries)


def _images(root: zarr.Group, zarr: Any) -> list[tuple[str, zarr.Group]]:
    """All groups with multiscale images, the root first."""
    found, pending, count = [], [("", root)], 0
    while pending:
        path, group = pending.pop(0)
        count += 1
        if count > MAX_GROUPS:
            raise ImageUnreadable(
                f"the folder holds more than {MAX_GROUPS} groups. Give the one with the image."
            )
        if "multiscales" in _attributes(group):
            found.append((path, group))
        pending += [(f"{path}/{name}".strip("/"), member) for name, member in sorted(group.groups())]
    return found


def _attributes(group: zarr.Group) -> Mapping[str, Any]:
    """Version 0.5 keeps everything under ``ome``."""
    attributes: dict[str, Any] = dict(group.attrs)
    of_ome: Mapping[str, Any] = attributes.get("ome", attributes)
    return of_ome


def _image(group: zarr.Group, path: str) -> list[Entry]:
    attributes = _attributes(group)
    entries = []
    for multiscale in attributes["multiscales"]:
        arrays = [cast("zarr.Array[Any]", group[data["path"]]) for data in multiscale["datasets"]]
        axes = "".join(a["name"] if isinstance(a, Mapping) else a for a in multiscale.get("axes", OLD_AXES))
        name = path or multiscale.get("name") or "image 0"
        entries += _channels(arrays, axes.lower(), name, multiscale, attributes.get("omero") or {})
    return entries


def _channels(
    arrays: list[zarr.Array[Any]],
    axes: str,
    name: str,
    multiscale: Mapping[str, Any],
    omero: Mapping[str, Any],
) -> list[Entry]:
    """Return the channels of one image."""
    shape = dict(zip(axes, arrays[0].shape, strict=True))
    if "y" not in shape or "x" not in shape:
        return []
    count = shape.get("c", 1)
    labels = [c.get("label") for c in omero.get("channels", [])]
    labels += [None] * (count - len(labels))
    levels = [tuple(a.shape[axes.index(n)] for n in "yx") for a in arrays]
    frames = [shape[n] for n in axes if n not in "cyx"]
    entries = []
    for number in range(count):
        title = (labels[number] or f"channel {number}") if count > 1 else name
        channel = Channel(
            title,
            levels[0],
            str(arrays[0].dtype),
            frames=int(np.prod(frames, dtype=np.int64)),
            levels=tuple(levels[1:]),
            spacing=_spacing(multiscale, axes),
            kind="map" if is_element(title) else "image",
        )
        entries.append(Entry(channel, partial(_load, arrays, axes, number)))
    return entries


def _load(arrays: list[zarr.Array[Any]], axes: str, channel: int, frame: int, level: int) -> Pixels:
    array = arrays[level]
    chunk = int(np.prod(array.chunks, dtype=np.float64)) * array.dtype.itemsize
    if chunk > MAX_BYTES // 4:
        raise ImageUnreadable(f"its chunks of {chunk >> 20} MiB are too large. Save it in smaller ones.")
    others = [n for n, axis in enumerate(axes) if axis not in "cyx"]
    sizes = [array.shape[n] for n in others]
    places = iter(np.unravel_index(frame, sizes) if sizes else ())
    at = tuple(
        slice(None) if axis in "yx" else channel if axis == "c" else int(next(places)) for axis in axes
    )
    pixels = np.asarray(array[at])
    return pixels if axes.index("y") < axes.index("x") else pixels.T


def _spacing(multiscale: Mapping[str, Any], axes: str) -> Spacing | None:
    """Of level 0: the product of the scales of the level and of the whole image, in the unit of each axis."""
    described = multiscale.get("axes", [])
    units = {a["name"]: a.get("unit") for a in described if isinstance(a, Mapping)}
    levels = multiscale.get("datasets", [{}])[0].get("coordinateTransformations", [])
    scales = [t["scale"] for t in (*levels, *multiscale.get("coordinateTransformations", [])) if "scale" in t]
    if not scales:
        return None
    step = np.prod(np.array(scales, float), axis=0)
    x, y = (float(step[axes.index(axis)]) for axis in "xy")
    return of_size(x, y, units.get("x"), "OME-NGFF scale", units.get("y"))
