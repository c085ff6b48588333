"""PNG and TIFF files in and out; the header is judged before any pixel is decoded."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import imagecodecs
import numpy as np
import tifffile

from xebra import pixel_spacing, tiff
from xebra.errors import ImageUnreadable, ImageUnusable
from xebra.limits import MAX_SIDE, MIN_SIDE, check_size
from xebra.pixel_spacing import Spacing

__all__ = ["MAX_SIDE", "MIN_SIDE", "PNG", "TIFF", "Contents", "read", "write_tiff"]

PNG = b"\x89PNG\r\n\x1a\n"
TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # both byte orders, classic and BigTIFF


class Contents(NamedTuple):
    """The pixels of a file, (H, W) or (H, W, 3 | 4), and the pixel spacing that it states."""

    pixels: np.ndarray
    spacing: Spacing | None


def read(file: BinaryIO, name: str) -> Contents:
    """Read the one image of an open PNG or TIFF file.

    Raises ImageUnreadable or ImageUnusable in words that call the file ``name``.
    """
    file.seek(0)
    start = file.read(8)
    file.seek(0)
    if not start:
        raise ImageUnreadable(f"{name}: the file is empty (0 bytes). Export the image again.")
    if start != PNG and not start.startswith(TIFF):
        raise ImageUnreadable(f"{name}: the file is neither PNG nor TIFF. Save the image as one of these.")
    try:
        return Contents(*(_read_png(file.read(), name) if start == PNG else tiff.read(file, name)))
    except (ImageUnreadable, ImageUnusable, MemoryError):
        raise
    except Exception as error:  # decoders raise many kinds, and each means the same to whoever sent the file
        raise ImageUnreadable(
            f"{name}: the file is truncated or damaged ({_one_line(error)}). Export or copy it again."
        ) from error


def write_tiff(target: str | Path | BinaryIO, pixels: np.ndarray, pixel_spacing: float | None = None) -> None:
    """Write ``pixels``, dtype kept, with the spacing in um/px where both Fiji and ``read`` look for it."""
    per_um = None if pixel_spacing is None else 1 / pixel_spacing
    tifffile.imwrite(
        target,
        pixels,
        photometric="minisblack" if pixels.ndim == 2 else "rgb",
        extrasamples=["unassalpha"] if pixels.shape[2:] == (4,) else None,
        # ImageJ's own description, by hand: tifffile writes it for three dtypes only.
        description=None if per_um is None else "ImageJ=1.54f\nunit=micron\n",
        resolution=None if per_um is None else (per_um, per_um),
        resolutionunit="NONE",
        metadata=None,
        software="xebra",
    )


def _read_png(data: bytes, name: str) -> tuple[np.ndarray, Spacing | None]:
    width, height = struct.unpack_from(">II", data, 16)
    check_size(name, height, width)
    physical = next((body for kind, body in _png_chunks(data) if kind == b"pHYs"), None)
    pixels = imagecodecs.png_decode(data)
    gray_with_alpha = pixels.shape[2:] == (2,)
    return pixels[..., 0] if gray_with_alpha else pixels, pixel_spacing.of_png(physical)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks before the pixels: everything that says what the pixels are."""
    at = len(PNG)
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IDAT":
            return
        yield kind, data[at + 8 : at + 8 + length]
        at += length + 12


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
