"""Velox EMD files with an EDS stream: images are listed without decoding the stream."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from xebra.arrays import Pixels
from xebra.readers import signals
from xebra.readers.channel import Entry, Opened

TITLE, SPECTRUM = "EMD", "EDS"


def has_stream(file: Any) -> bool:
    """Return True for an open HDF5 file that holds a stream of X-ray events."""
    return bool(len(file.get("Data/SpectrumStream", ()))) and "Data/SpectrumImage" in file


def opened(name: str, module: Any, path: str) -> Opened:
    """Return the images, and a map of total counts that decodes the stream on request."""
    images = signals.opened(name, TITLE, module.file_reader(path, lazy=True, select_type="images"))
    if not images.entries:
        return images

    def maps() -> Opened:
        return signals.opened(name, TITLE, module.file_reader(path, select_type="spectrum_image"))

    def total(frame: int, level: int) -> Pixels:
        return maps().entries[0].load(frame, level)

    first = images.entries[0].channel
    channel = replace(
        first,
        name=f"{SPECTRUM}: total counts",
        shape=first.shape[:2],
        dtype="uint32",
        frames=1,
        detector=SPECTRUM,
        kind="map",
    )

    def more(wanted: str) -> Entry | None:
        return maps().more(wanted) if wanted.upper().startswith(f"{SPECTRUM}:") else None

    return Opened(TITLE, [*images.entries, Entry(channel, total)], more)
