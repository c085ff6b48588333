"""Channels of HyperSpy's signals: images, stacks, spectrum maps and diffraction maps.

A spectrum map offers its total counts, the X-ray lines that it lists, and any window: channel "EDS:6.2-6.6"
(in the unit of its energy axis).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from xebra.arrays import Pixels
from xebra.errors import ImageUnreadable
from xebra.limits import MAX_BYTES
from xebra.pixel_spacing import Spacing, of_size
from xebra.readers.channel import Channel, Entry, Kind, Opened, Stage
from xebra.readers.elements import is_element
from xebra.readers.xray_lines import energy_kev

LINE_WIDTH_KEV = 0.13  # full width of a line of a silicon drift detector at 5.9 keV
BLOCK = 1 << 26  # bytes of a spectrum map that are read at once


def opened(name: str, title: str, signals: Sequence[Mapping[str, Any]]) -> Opened:
    """Return the channels of all signals; those that are no images are left out."""
    return Opened(
        title,
        [entry for number, signal in enumerate(signals) for entry in _entries(name, title, signal, number)],
        partial(_by_name, name, title, signals),
    )


def _entries(name: str, title: str, signal: Mapping[str, Any], number: int) -> list[Entry]:
    axes = [_Axis(a) for a in signal["axes"]]
    across = [n for n, a in enumerate(axes) if not a.navigate]
    along = [n for n, a in enumerate(axes) if a.navigate]
    if not across:
        across, along = along, []
    about = _About(title, signal, number)
    if len(across) == 2:
        found = [_image(signal["data"], axes, across, along, about)]
        if len(along) == 2:
            found.append(_summed(name, signal["data"], axes, along, across, about, f"{about.name}: sum"))
        return found
    if len(across) == 1 and len(along) == 2:
        return _spectra(name, signal["data"], axes, across[0], along, about)
    return []


def _by_name(name: str, title: str, signals: Sequence[Mapping[str, Any]], wanted: str) -> Entry | None:
    """Return the channel "NAME:LOW-HIGH" (energy window) or "NAME:LINE" (X-ray line) of a spectrum map."""
    spectrum, _, window = (part.strip() for part in wanted.rpartition(":"))
    for number, signal in enumerate(signals):
        axes = [_Axis(a) for a in signal["axes"]]
        across = [n for n, a in enumerate(axes) if not a.navigate]
        along = [n for n, a in enumerate(axes) if a.navigate]
        about = _About(title, signal, number)
        if (len(across), len(along)) != (1, 2) or spectrum.casefold() not in about.name.casefold():
            continue
        span = _span(window, axes[across[0]], signal["data"].shape[across[0]])
        if span is not None:
            return _summed(name, signal["data"], axes, along, across, about, f"{about.name}: {window}", span)
    return None


class _Axis:
    """Size, scale and unit of one axis; some readers leave entries out."""

    def __init__(self, axis: Mapping[str, Any]):
        self.navigate = bool(axis.get("navigate", False))
        self.scale = axis.get("scale")
        self.offset = float(axis.get("offset") or 0.0)
        self.unit = axis.get("units")


class _About:
    """Name, stage and detector of a signal."""

    def __init__(self, title: str, signal: Mapping[str, Any], number: int):
        metadata = signal.get("metadata") or {}
        self.title = title
        self.name = str(_at(metadata, "General", "title") or f"image {number}")
        self.lines = list(_at(metadata, "Sample", "xray_lines") or _at(metadata, "Sample", "elements") or [])
        instrument = _at(metadata, "Acquisition_instrument") or {}
        places = [instrument[k] for k in ("SEM", "TEM") if isinstance(instrument.get(k), Mapping)]
        self.stage = next((_stage(p["Stage"]) for p in places if isinstance(p.get("Stage"), Mapping)), None)
        detectors = [p["Detector"] for p in places if isinstance(p.get("Detector"), Mapping)]
        self.detector = next(map(str, detectors[0]), None) if detectors else None

    def channel(
        self, name: str, shape: tuple[int, ...], dtype: Any, axes: Sequence[_Axis], **more: Any
    ) -> Channel:
        kind: Kind = more.pop("kind", "map" if is_element(name) else "image")
        y, x = axes
        spacing = _spacing(y, x, self.title)
        return Channel(
            name,
            shape,
            str(dtype),
            spacing=spacing,
            stage=self.stage,
            detector=self.detector,
            kind=kind,
            **more,
        )


def _image(data: Any, axes: Sequence[_Axis], across: list[int], along: list[int], about: _About) -> Entry:
    """Return the entry of an image or of a stack of images."""
    size = tuple(int(data.shape[n]) for n in across)
    frames = [int(data.shape[n]) for n in along]
    colours = len(data.dtype.names or ())
    dtype = data.dtype[0] if colours else data.dtype
    channel = about.channel(
        about.name,
        (*size, colours) if colours else size,
        dtype,
        [axes[n] for n in across],
        frames=int(np.prod(frames, dtype=np.int64)),
    )

    def load(frame: int, level: int) -> Pixels:
        at: list[Any] = [slice(None)] * data.ndim
        for n, place in zip(along, np.unravel_index(frame, frames) if frames else (), strict=True):
            at[n] = int(place)
        pixels = np.asarray(data[tuple(at)])
        pixels = pixels if across == sorted(across) else pixels.T
        fields = pixels.dtype.names
        return np.stack([pixels[field] for field in fields], -1) if colours and fields else pixels

    return Entry(channel, load)


def _spectra(
    name: str, data: Any, axes: Sequence[_Axis], energy: int, along: list[int], about: _About
) -> list[Entry]:
    """Total counts of a spectrum map, and each line that it lists."""
    summed = partial(_summed, name, data, axes, along, [energy], about)
    found = [summed(f"{about.name}: total counts")]
    for line in about.lines:
        window = _line(str(line), axes[energy], data.shape[energy])
        if window is not None:
            found.append(summed(f"{about.name}: {line}", window))
    return found


def _summed(
    name: str,
    data: Any,
    axes: Sequence[_Axis],
    along: list[int],
    over: list[int],
    about: _About,
    title: str,
    window: slice | None = None,
) -> Entry:
    """Return a map of the sum over the axes ``over``, or over a ``window`` of the only one."""
    size = tuple(int(data.shape[n]) for n in along)
    dtype = np.dtype(np.uint32) if data.dtype.kind in "ui" else np.dtype(np.float32)

    def load(frame: int, level: int) -> Pixels:
        if data.nbytes > 4 * MAX_BYTES:
            raise ImageUnreadable(f"{name}: a map of {data.nbytes >> 30} GiB is too large. Bin it first.")
        order = [*along, *over]
        moved = np.moveaxis(data, order, range(len(order))) if order != sorted(order) else data
        rows = max(1, BLOCK // max(1, moved[0].nbytes))
        result = np.empty(size, dtype)
        for top in range(0, size[0], rows):
            block = np.asarray(
                moved[top : top + rows] if window is None else moved[top : top + rows, :, window]
            )
            result[top : top + rows] = block.sum(tuple(range(2, block.ndim)), dtype=np.float64)
        return result

    return Entry(about.channel(title, size, dtype, [axes[n] for n in along], kind="map"), load)


def _span(text: str, axis: _Axis, size: int) -> slice | None:
    """Channels of an energy axis for "6.2-6.6", in the axis' own unit, or for an X-ray line."""
    window = re.fullmatch(r"(\d+(?:\.\d+)?)\s*-\s*(\d+(?:\.\d+)?)\s*(?:k?eV)?", text)
    return _between(float(window[1]), float(window[2]), axis, size) if window else _line(text, axis, size)


def _line(text: str, axis: _Axis, size: int) -> slice | None:
    """Channels around an X-ray line, one full width wide."""
    energy, unit = energy_kev(text), {"keV": 1.0, "eV": 1e3}.get(str(axis.unit).strip())
    if energy is None or unit is None:
        return None
    return _between((energy - LINE_WIDTH_KEV / 2) * unit, (energy + LINE_WIDTH_KEV / 2) * unit, axis, size)


def _between(low: float, high: float, axis: _Axis, size: int) -> slice | None:
    if not axis.scale:
        return None
    first, last = (round((value - axis.offset) / float(axis.scale)) for value in (low, high))
    first, last = max(0, first), min(size, last + 1)
    return slice(first, last) if first < last else None


def _spacing(y: _Axis, x: _Axis, title: str) -> Spacing | None:
    """Of both axes, where their unit is a length; the sign of a scale is a direction."""
    width, height = (abs(float(a.scale)) if a.scale is not None else None for a in (x, y))
    return of_size(width, height, x.unit, f"{title} axes", y.unit)


def _stage(at: Mapping[str, Any]) -> Stage:
    """HyperSpy's stage: mm and degrees."""
    mm = [at.get(axis) for axis in "xyz"]
    lengths = [None if v is None else float(v) * 1e3 for v in mm]
    angles = [None if at.get(a) is None else float(at[a]) for a in ("rotation", "tilt_alpha")]
    return Stage(*lengths, *angles)


def _at(metadata: Mapping[str, Any], *path: str) -> Any:
    found: Any = metadata
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found
