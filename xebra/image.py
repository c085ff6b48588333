"""An image to be registered: its original values, and the size of its pixels where that is known."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import numpy as np

from xebra import image_files
from xebra.errors import ImageUnreadable, ImageUnusable
from xebra.limits import MAX_SIDE, MIN_SIDE, check_size
from xebra.pixel_spacing import checked, square

__all__ = ["MAX_SIDE", "MIN_SIDE", "Image", "gray", "read_image"]

DTYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float16", "float32", "float64")
BLOCK_ROWS = 512  # work on large images goes through blocks, so that no copy in float64 is ever made
TOO_LARGE = 1e300  # sums of a few such values would overflow: they count as not finite
SAMPLE_PX = 2**18  # of an image, that percentiles are taken of
OUTLIER = 0.5  # of the distance of the percentiles: how far beyond them a value may lie


@dataclass(frozen=True, eq=False)
class Image:
    """Original values (H, W) or (H, W, 3 | 4), read-only, and micrometres per pixel (None: unknown).

    Raises ImageUnusable, ImageUnreadable (too large) or PixelSpacingInvalid with a message for people.
    """

    pixels: np.ndarray = field(repr=False)
    pixel_spacing: float | None = None
    spacing_source: str | None = None  # "given", "OME metadata", ...
    name: str = "image"
    file_sha256: str | None = None

    def __post_init__(self) -> None:
        pixels = _checked_pixels(self.pixels, self.name)
        object.__setattr__(self, "pixels", pixels)
        if self.pixel_spacing is not None:
            object.__setattr__(self, "pixel_spacing", checked(self.name, self.pixel_spacing))
            object.__setattr__(self, "spacing_source", self.spacing_source or "given")

    @property
    def shape(self) -> tuple[int, ...]:
        """(rows, columns) or (rows, columns, channels)."""
        return self.pixels.shape

    @cached_property
    def sha256(self) -> str:
        """Of the file's bytes if it was read from a file, else of dtype, shape and values."""
        if self.file_sha256:
            return self.file_sha256
        digest = hashlib.sha256(f"{self.pixels.dtype.str} {self.shape} ".encode())
        for row in self.pixels:
            digest.update(np.ascontiguousarray(row))
        return digest.hexdigest()

    @property
    def gray(self) -> np.ndarray:
        """(H, W) float32 from 0 to 1, for display and for the network; made anew at each call."""
        return gray(self.pixels)


def read_image(
    source: str | Path | BinaryIO, *, name: str | None = None, pixel_spacing: float | None = None
) -> Image:
    """Read a PNG or TIFF file; ``pixel_spacing`` in um/px overrides what the file says.

    Raises ImageUnreadable, ImageUnusable or PixelSpacingInvalid; the message names the file and the reason.
    """
    if isinstance(source, str | Path):
        name = name or Path(source).name
        try:
            with open(source, "rb") as file:
                return read_image(file, name=name, pixel_spacing=pixel_spacing)
        except FileNotFoundError as error:
            raise ImageUnreadable(f"{source}: there is no such file.") from error
        except OSError as error:
            raise ImageUnreadable(f"{source}: cannot be opened ({error.strerror or error}).") from error
    name = name or Path(str(getattr(source, "name", None) or "image")).name
    given = None if pixel_spacing is None else checked(name, pixel_spacing)
    pixels, said = image_files.read(source, name)
    spacing = given or (said and square(name, said))
    spacing_source = "given" if given else said and said.source
    source.seek(0)
    digest = hashlib.file_digest(source, "sha256").hexdigest()
    return Image(pixels, spacing, spacing_source, name, digest)


def gray(pixels: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """Return the mean of the colour channels, alpha ignored, as shares 0 to 1 of its range; (H, W) float32.

    The range is that of the values under ``mask`` (H, W) bool, without outliers: values further beyond the
    0.1st and 99.9th percentile than half their distance are limited to that. Values that are not finite are 0.
    """
    low, high = _display_range(pixels, mask)
    result = np.empty(pixels.shape[:2], np.float32)
    for rows in _blocks(pixels):
        # Lowest value off before float32: it has 24 bits, and 32-bit counts may differ in the last ones only.
        shares = (_luminance(pixels[rows]) - low) / ((high - low) or 1.0)
        result[rows] = np.clip(np.nan_to_num(shares, nan=0.0, posinf=0.0, neginf=0.0), 0, 1)
    return result


def luminance(pixels: np.ndarray) -> np.ndarray:
    """Return the mean of the colour channels, alpha ignored; values (H, W) of one channel as they are."""
    return pixels if pixels.ndim == 2 else pixels[..., :3].mean(-1, dtype=np.float32)


def _display_range(pixels: np.ndarray, mask: np.ndarray | None) -> tuple[float, float]:
    step = max(1, int(np.sqrt(pixels.shape[0] * pixels.shape[1] / SAMPLE_PX)))
    sample = _luminance(pixels[::step, ::step])
    usable = np.isfinite(sample) & (np.abs(sample) < TOO_LARGE)
    if mask is not None and (usable & mask[::step, ::step]).any():
        usable &= mask[::step, ::step]
    low, high = _range(pixels)
    if not usable.any():
        return low, high
    first, last = np.percentile(sample[usable], [0.1, 99.9])
    if last <= first:
        return low, high
    reach = OUTLIER * (last - first)
    return max(low, float(first - reach)), min(high, float(last + reach))


def _checked_pixels(pixels: np.ndarray, name: str) -> np.ndarray:
    """A read-only view in native byte order of what can be an image to register."""
    pixels = np.asarray(pixels)
    if pixels.ndim not in (2, 3) or pixels.shape[2:] not in ((), (3,), (4,)):
        raise ImageUnusable(
            f"{name}: an array of shape {pixels.shape} is no image. "
            "Give (rows, columns), colour as a last axis of 3 or 4."
        )
    check_size(name, *pixels.shape[:2])
    if pixels.dtype.newbyteorder("=") not in map(np.dtype, DTYPES):
        raise ImageUnusable(
            f"{name}: values of type {pixels.dtype} are not taken. Convert to one of {', '.join(DTYPES)}."
        )
    pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False).view()
    pixels.flags.writeable = False
    _check_values(pixels, name)
    return pixels


def _check_values(pixels: np.ndarray, name: str) -> None:
    low, high = _range(pixels)
    if not low <= high:
        raise ImageUnusable(f"{name}: no value is finite (all are NaN or infinite). Export the image again.")
    if low == high:
        raise ImageUnusable(f"{name}: every pixel has the value {low:g}, so that nothing can be aligned.")


def _range(pixels: np.ndarray) -> tuple[float, float]:
    """Return the lowest and the highest finite gray value; inf and -inf where there is none."""
    with np.errstate(invalid="ignore", over="ignore"):
        extremes = [_extremes(_luminance(pixels[rows])) for rows in _blocks(pixels)]
    lows, highs = zip(*extremes, strict=True)
    return float(min(lows)), float(max(highs))


def _extremes(block: np.ndarray) -> tuple[float, float]:
    low, high = block.min(), block.max()
    if abs(low) < TOO_LARGE and abs(high) < TOO_LARGE:
        return low, high
    finite = block[np.abs(block) < TOO_LARGE]
    return (finite.min(), finite.max()) if finite.size else (np.inf, -np.inf)


def _luminance(block: np.ndarray) -> np.ndarray:
    return block[..., :3].mean(-1, dtype=np.float64) if block.ndim == 3 else block.astype(np.float64)


def _blocks(pixels: np.ndarray) -> list[slice]:
    return [slice(start, start + BLOCK_ROWS) for start in range(0, len(pixels), BLOCK_ROWS)]
