"""Image files in and out: what a file holds, one image of it, and the TIFF files that Xebra writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import tifffile

from xebra.arrays import Pixels
from xebra.errors import ImageUnreadable, ImageUnusable, RegistrationError
from xebra.limits import MAX_SIDE, MIN_SIDE, check_ratio, check_size
from xebra.pixel_spacing import Spacing
from xebra.readers import choose, raster
from xebra.readers.channel import Channel, Entry, Opened
from xebra.readers.formats import reader
from xebra.readers.source import Source
from xebra.readers.tiff import SIGNATURES

__all__ = [
    "MAX_SIDE",
    "MIN_SIDE",
    "Contents",
    "FileInfo",
    "Selected",
    "inspect",
    "media_type_of",
    "opened_stack",
    "read",
    "write_channels",
    "write_tiff",
]

UNKNOWN = "application/octet-stream"  # media type of formats other than TIFF and pictures


@dataclass(frozen=True)
class Selected:
    """Which image of a file was read, and its metadata in the file."""

    format: str
    channel: Channel
    number: int
    frame: int = 0
    level: int = 0
    reason: str | None = None  # why this one, where several were there and none was named
    of: int = 1  # channels in the file

    @property
    def spacing(self) -> Spacing | None:
        """The pixel spacing that the file states, along x and y, at the level that was read."""
        spacing, full = self.channel.spacing, self.channel.shape
        if spacing is None:
            return None
        shape = (full, *self.channel.levels)[self.level]
        return spacing._replace(x=spacing.x * full[1] / shape[1], y=spacing.y * full[0] / shape[0])

    def to_json(self) -> dict[str, Any]:
        """Everything, in the types of JSON."""
        return {**vars(self), "channel": self.channel.to_json()}

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Selected:
        """Return the object whose ``to_json`` was ``body``."""
        return cls(**{**body, "channel": Channel.from_json(body["channel"])})

    def __str__(self) -> str:
        """Return the choice as text; empty where the file holds one image only."""
        parts = [self.channel.name] if self.of > 1 else []
        parts += [f"frame {self.frame}"] if self.channel.frames > 1 else []
        parts += [f"level {self.level}"] if self.level else []
        return ", ".join(parts) + (f" ({self.reason})" if self.reason else "")


class Contents(NamedTuple):
    """Pixels (H, W) or (H, W, 3 | 4), the pixel spacing that the file states, and where they come from."""

    pixels: Pixels
    spacing: Spacing | None
    selected: Selected


@dataclass(frozen=True)
class FileInfo:
    """What a file holds: its format, its channels, and the one that needs no naming with the reason."""

    name: str
    format: str
    channels: list[Channel]
    default: int | None
    reason: str | None

    def to_json(self) -> dict[str, Any]:
        """Everything, in the types of JSON."""
        return {**vars(self), "channels": [channel.to_json() for channel in self.channels]}

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> FileInfo:
        """Return the object whose ``to_json`` was ``body``."""
        return cls(**{**body, "channels": [Channel.from_json(c) for c in body["channels"]]})


def read(
    file: BinaryIO | None,
    name: str,
    *,
    path: Path | None = None,
    channel: str | int | None = None,
    frame: int | None = None,
    level: int | None = None,
) -> Contents:
    """Read one image of an open file, or of the folder at ``path``.

    Raises ImageChoiceNeeded where the file holds several, ImageUnreadable or ImageUnusable in words that call
    the file ``name``.
    """
    with _opened(Source(name, file, path)) as opened:
        entries, channel = _with_named(opened, channel)
        channels = [entry.channel for entry in entries]
        chosen = choose.choose(name, channels, channel, frame, level)
        found = channels[chosen.channel]
        shape = (found.shape, *found.levels)[chosen.level]
        check_size(name, shape[0], shape[1], pixel_bytes(shape, found.dtype))
        if file is not None:
            check_ratio(name, shape[0] * shape[1] * pixel_bytes(shape, found.dtype), file.seek(0, 2))
        pixels = plain(entries[chosen.channel].load(chosen.frame, chosen.level))
    selected = Selected(opened.format, found, *chosen, len(channels))
    return Contents(pixels, selected.spacing, selected)


@contextmanager
def opened_stack(
    file: BinaryIO | None, name: str, *, path: Path | None = None, channel: str | int | None = None
) -> Iterator[tuple[Channel, Callable[[int], Pixels]]]:
    """Yield a channel of an open file and a function that reads one of its frames while the file is open.

    Raises as ``read`` does, at once or when a frame is read.
    """
    with _opened(Source(name, file, path)) as opened:
        entries, channel = _with_named(opened, channel)
        channels = [entry.channel for entry in entries]
        chosen = choose.choose(name, channels, channel, 0, None)
        found = channels[chosen.channel]
        check_size(name, found.shape[0], found.shape[1], pixel_bytes(found.shape, found.dtype))
        yield found, lambda frame: _frame(entries[chosen.channel], frame, name)


def _frame(entry: Entry, frame: int, name: str) -> Pixels:
    """Return one frame of a channel; errors of its reader become ImageUnreadable."""
    try:
        return plain(entry.load(frame, 0))
    except (RegistrationError, MemoryError):
        raise
    except Exception as error:  # readers raise many kinds; all mean that the frame is not readable
        raise ImageUnreadable(
            f"{name}: frame {frame} is truncated or damaged ({_one_line(error)}). Export or copy it again."
        ) from error


def inspect(file: BinaryIO | None, name: str, *, path: Path | None = None) -> FileInfo:
    """Return what an open file, or the folder at ``path``, holds. Nothing is decoded."""
    with _opened(Source(name, file, path)) as opened:
        channels = [entry.channel for entry in opened.entries]
    number, reason = choose.default(channels) or (None, None)
    return FileInfo(name, opened.format, channels, number, reason)


def write_tiff(
    target: str | Path | BinaryIO,
    pixels: Pixels,
    pixel_spacing: float | tuple[float, float] | None = None,
) -> None:
    """Write ``pixels``, dtype kept, with the spacing in um/px where Fiji and ``read`` expect it.

    ``pixel_spacing``: one value, or those along x and y.
    """
    x, y = pixel_spacing if isinstance(pixel_spacing, tuple) else (pixel_spacing, pixel_spacing)
    per_um = None if x is None or y is None else (1 / x, 1 / y)
    tifffile.imwrite(
        target,
        pixels,
        photometric="minisblack" if pixels.ndim == 2 else "rgb",
        extrasamples=["unassalpha"] if pixels.shape[2:] == (4,) else None,
        # ImageJ's own description, by hand: tifffile writes it for three dtypes only.
        description=None if per_um is None else "ImageJ=1.54f\nunit=micron\n",
        resolution=per_um,
        resolutionunit="NONE",
        metadata=None,
        software="xebra",
    )


def write_channels(
    target: str | Path | BinaryIO,
    channels: list[Pixels],
    names: list[str],
    pixel_spacing: float | None = None,
) -> None:
    """Write channels (H, W) of one dtype as one OME-TIFF, with their names and the spacing in um/px.

    Colours (H, W, 3 | 4) become channels of their own. Raises ImageUnusable for channels of several types.
    """
    planes = [plane for pixels, name in zip(channels, names, strict=True) for plane in _planes(pixels, name)]
    if len({(plane.dtype, plane.shape) for _, plane in planes}) > 1:
        types = ", ".join(f"{name}: {plane.dtype}" for name, plane in planes)
        raise ImageUnusable(f"One OME-TIFF holds channels of one type ({types}). Write a file for each.")
    first = planes[0][1]
    metadata: dict[str, Any] = {"axes": "CYX", "Channel": {"Name": [name for name, _ in planes]}}
    if pixel_spacing is not None:
        metadata |= {"PhysicalSizeX": pixel_spacing, "PhysicalSizeY": pixel_spacing}
        metadata |= {"PhysicalSizeXUnit": "µm", "PhysicalSizeYUnit": "µm"}
    tifffile.imwrite(
        target,
        iter([plane for _, plane in planes]),
        shape=(len(planes), *first.shape),
        dtype=first.dtype,
        ome=True,
        photometric="minisblack",
        metadata=metadata,
    )


def _planes(pixels: Pixels, name: str) -> list[tuple[str, Pixels]]:
    """Return the colours of an image as planes (H, W) with names; an image (H, W) is one plane."""
    if pixels.ndim == 2:
        return [(name, pixels)]
    colours = ("red", "green", "blue", "alpha")
    return [(f"{name} {colour}", pixels[..., n]) for n, colour in enumerate(colours[: pixels.shape[2]])]


def media_type_of(start: bytes) -> str:
    """Return the media type that a file's first eight bytes announce."""
    picture = raster.kind(start)
    tiff = "image/tiff" if start.startswith(SIGNATURES) else UNKNOWN
    return f"image/{picture.lower()}" if picture else tiff


def pixel_bytes(shape: tuple[int, ...], dtype: str) -> int:
    """Return the bytes of one pixel with all its colours."""
    return np.dtype(dtype).itemsize * int(np.prod(shape[2:], dtype=np.int64))


@contextmanager
def _opened(source: Source) -> Iterator[Opened]:
    """Yield an open file; errors of its reader become ImageUnreadable with the name of the file."""
    try:
        with reader(source)(source) as opened:
            yield opened
    except (RegistrationError, MemoryError):
        raise
    except Exception as error:  # readers raise many kinds; all mean that the file is not readable
        raise ImageUnreadable(
            f"{source.name}: the file is truncated or damaged ({_one_line(error)}). Export or copy it again."
        ) from error


def _with_named(opened: Opened, channel: str | int | None) -> tuple[list[Entry], str | int | None]:
    """Return the channels of a file, with the one that exists by name only, and the chosen one."""
    known = {entry.channel.name.casefold() for entry in opened.entries}
    named = channel if isinstance(channel, str) and channel.casefold() not in known else None
    found = None if named is None else opened.more(named)
    return ([*opened.entries, found], len(opened.entries)) if found else (opened.entries, channel)


def plain(pixels: Pixels) -> Pixels:
    """Values of an image: 0 and 1 of bool, the modulus of complex numbers, 64-bit integers in 32 bit.

    Integers that exceed 32 bit become float64.
    """
    if pixels.dtype == bool:
        return pixels.astype(np.uint8)
    if np.iscomplexobj(pixels):
        modulus: Pixels = np.abs(pixels)
        return modulus
    if pixels.dtype.kind in "ui" and pixels.dtype.itemsize == 8 and pixels.size:
        for smaller in (np.uint32, np.int32):
            limits = np.iinfo(smaller)
            if limits.min <= pixels.min() and pixels.max() <= limits.max:
                return pixels.astype(smaller)
        return pixels.astype(np.float64)
    return pixels


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
