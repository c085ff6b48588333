"""Which axes of an HDF5 data set are rows, columns, colours and frames, and their steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import h5py

COLOURS = (3, 4)
SCALES_READ = 1 << 16  # points of an axis that are read at most
EVEN_WITHIN = 1e-3  # of the step; other axes have no one spacing


class Axes(NamedTuple):
    """Positions of the axes; ``spectrum``: the last axis is one of energies, rows and columns come first."""

    y: int
    x: int
    colour: int | None
    frames: tuple[int, ...]
    spectrum: bool = False


def axes(data: h5py.Dataset) -> Axes | None:
    """Return the axes of an image, a stack or a spectrum map; None for a list or a table."""
    count, shape = len(data.shape), data.shape
    if _text(data.attrs.get("interpretation")) == "spectrum":
        return Axes(0, 1, None, (), True) if count == 3 else None
    if _text(data.attrs.get("CLASS")) == "DIMENSION_SCALE" or min(shape[-2:]) < 2:
        return None
    if "/Data/Image/" in data.name and count == 3:  # Velox: frames last
        return Axes(0, 1, None, (2,))
    labels = _labels(data)
    if "Y" in labels and "X" in labels:
        y, x = labels.index("Y"), labels.index("X")
        colour = (
            labels.index("C")
            if "C" in labels and shape[labels.index("C")] in COLOURS and data.dtype == np.uint8
            else None
        )
        return Axes(y, x, colour, _others(count, y, x, colour))
    if count > 2 and shape[-1] in COLOURS and data.dtype == np.uint8:
        return Axes(count - 3, count - 2, count - 1, tuple(range(count - 3)))
    return Axes(count - 2, count - 1, None, tuple(range(count - 2)))


def dimension_scale(data: h5py.Dataset, axis: int) -> tuple[float, str] | None:
    """Return step and unit of an axis by its HDF5 dimension scale."""
    scales = data.dims[axis]
    if not len(scales):
        return None
    return _step(scales[0])


def nexus(data: h5py.Dataset, axis: int) -> tuple[float, str] | None:
    """Return step and unit of an axis by the ``axes`` of the NXdata group around it."""
    group = data.parent
    names = group.attrs.get("axes")
    if names is None:
        names = data.attrs.get("axes")
    if isinstance(names, str | bytes):
        names = _text(names).replace(",", ":").split(":")
    if names is None or len(names) != len(data.shape):
        return None
    name = _text(names[axis])
    return _step(group[name]) if name in group and hasattr(group[name], "shape") else None


def _step(scale: Any) -> tuple[float, str] | None:
    """Return the step between points, or the value of a scalar scale, with the unit of its attributes."""
    unit = next((_text(scale.attrs[k]) for k in ("units", "UNIT", "unit") if k in scale.attrs), "")
    if scale.shape in ((), (1,)):
        return abs(float(np.ravel(scale[()])[0])), unit
    if len(scale.shape) != 1 or scale.dtype.kind not in "iuf" or not 2 <= scale.shape[0] <= SCALES_READ:
        return None
    steps = np.diff(scale[()].astype(float))
    step = float(steps.mean())
    return (abs(step), unit) if step and np.abs(steps - step).max() <= EVEN_WITHIN * abs(step) else None


def _labels(data: h5py.Dataset) -> list[str]:
    labels = data.attrs.get("DIMENSION_LABELS")
    return (
        [] if labels is None or len(labels) != len(data.shape) else [_text(label).upper() for label in labels]
    )


def _others(count: int, *taken: int | None) -> tuple[int, ...]:
    return tuple(n for n in range(count) if n not in taken)


def _text(value: Any) -> str:
    return (
        value.decode("utf-8", "replace") if isinstance(value, bytes) else "" if value is None else str(value)
    )
