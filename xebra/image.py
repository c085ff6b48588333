"""An image to be registered: its original values, and the size of its pixels where that is known."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from xebra import image_files
from xebra.arrays import Floats, Mask, Pixels
from xebra.errors import ImageUnreadable, ImageUnusable
from xebra.limits import MAX_SIDE, MIN_SIDE, check_size
from xebra.masks import check_mask
from xebra.pixel_spacing import checked, mean, oblong
from xebra.readers.palette import LUMINANCE

if TYPE_CHECKING:
    from xebra.readers.sandbox import Limits

__all__ = ["MAX_SIDE", "MIN_SIDE", "Image", "gray", "inspect", "read_image"]

DTYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float16", "float32", "float64")
BLOCK_ROWS = 512  # work on large images goes through blocks, to avoid a copy in float64
TOO_LARGE = 1e300  # sums of a few such values would overflow: they count as not finite
SAMPLE_PX = 2**18  # of an image, that percentiles are taken of
OUTLIER = 0.5  # of the distance of the percentiles: how far beyond them a value may lie


@dataclass(frozen=True, eq=False)
class Image:
    """An image: original values, read-only, and the pixel spacing.

    Args:
        pixels: Values (H, W) or (H, W, 3 | 4) of a type in ``DTYPES``. Masks (bool) become 0 and 1, complex
            values their modulus, integers of 64 bit, as label maps have, 32 bit where they fit, else float64.
        pixel_spacing: Micrometres per pixel; None: unknown.
        spacing_source: Origin of the spacing: "given", "OME metadata" and others.
        name: Name in messages and results.
        file_sha256: SHA-256 of the file that it was read from.
        selected: Which image of its file it is; None for a file of one image.
        mask: (H, W) bool, True where pixels may be used; None: data bars, frames and the like are found.

    Raises:
        ImageUnusable: The values are constant, not finite, too few or of another type.
        ImageUnreadable: The image is too large.
        MaskInvalid: The mask does not fit the image or leaves too little of it.
        PixelSpacingInvalid: The pixel spacing is not positive.

    Examples:
        >>> import numpy as np
        >>> image = Image(np.arange(6400.0).reshape(64, 100), pixel_spacing=0.05)
        >>> image.shape, image.spacing_source
        ((64, 100), 'given')
    """

    pixels: Pixels = field(repr=False)
    pixel_spacing: float | None = None
    spacing_source: str | None = None  # "given", "OME metadata", ...
    name: str = "image"
    file_sha256: str | None = None
    selected: image_files.Selected | None = field(default=None, repr=False)  # which image of its file
    mask: Mask | None = field(default=None, repr=False)  # (H, W) bool, True where pixels may be used
    spacing_axes: tuple[float, float] | None = None  # um per px along x and y where pixels are not square

    def __post_init__(self) -> None:
        pixels = _checked_pixels(self.pixels, self.name)
        object.__setattr__(self, "pixels", pixels)
        if self.pixel_spacing is not None:
            object.__setattr__(self, "pixel_spacing", checked(self.name, self.pixel_spacing))
            object.__setattr__(self, "spacing_source", self.spacing_source or "given")
        if self.mask is not None:
            check_mask(self.name, self.mask, pixels)

    def with_mask(self, mask: Mask | None) -> Image:
        """Return the image with another mask that is known to be valid; None: the usable area is found."""
        other = copy(self)
        object.__setattr__(other, "mask", mask)
        return other

    def with_pixels(self, pixels: Pixels) -> Image:
        """Return the image with other values (H, W) of the same shape that are known to be valid."""
        other = copy(self)
        object.__setattr__(other, "pixels", pixels)
        return other

    def with_spacing(self, pixel_spacing: float) -> Image:
        """Return the image with another pixel spacing that is known to be valid."""
        other = copy(self)
        object.__setattr__(other, "pixel_spacing", pixel_spacing)
        object.__setattr__(other, "spacing_source", "given")
        object.__setattr__(other, "spacing_axes", None)
        return other

    @property
    def shape(self) -> tuple[int, ...]:
        """Return (rows, columns) or (rows, columns, channels)."""
        return self.pixels.shape

    @property
    def pixel_spacing_xy(self) -> tuple[float, float] | None:
        """Micrometres per pixel along x and y; ``pixel_spacing`` is their geometric mean."""
        if self.pixel_spacing is None:
            return None
        return self.spacing_axes or (self.pixel_spacing, self.pixel_spacing)

    @cached_property
    def sha256(self) -> str:
        """Return the SHA-256 of the file that it was read from, else of dtype, shape and values."""
        if self.file_sha256:
            return self.file_sha256
        digest = hashlib.sha256(f"{self.pixels.dtype.str} {self.shape} ".encode())
        for row in self.pixels:
            digest.update(np.ascontiguousarray(row).data)
        return digest.hexdigest()

    @property
    def gray(self) -> Floats:
        """Return the grey values (H, W), float32, 0 to 1, for display and for the network; not cached."""
        return gray(self.pixels)


def read_image(
    source: str | Path | BinaryIO,
    *,
    name: str | None = None,
    pixel_spacing: float | None = None,
    channel: str | int | None = None,
    frame: int | None = None,
    level: int | None = None,
    limits: Limits | None = None,
) -> Image:
    """Read one image of a file.

    Args:
        source: Path, folder of an OME-Zarr image, or open binary file.
        name: Name of the image in messages and results; by default that of the file.
        pixel_spacing: Pixel spacing in um per px; overrides the value in the file.
        channel: Number or name of the channel, as ``xebra.inspect`` lists them. ``channel``, ``frame`` and
            ``level`` may be left out where there is one image, or one electron image beside maps.
        frame: Number of the frame of a stack.
        level: Number of the level of a pyramid; 0 is the full resolution.
        limits: Decode a file of unknown origin in a process with these limits on memory and time.

    Returns:
        The image, its values in the type of the file, with its pixel spacing where the file states one.

    Raises:
        ImageChoiceNeeded: The file holds several images and none was chosen.
        ImageUnreadable: The file is missing, damaged, of an unknown type or too large.
        ImageUnusable: The values cannot be registered.
        PixelSpacingInvalid: The pixel spacing is not positive.

    Examples:
        >>> from xebra import sample
        >>> image = read_image(sample.FIXED)
        >>> image.shape, image.pixels.dtype, image.pixel_spacing
        ((256, 256), dtype('uint16'), 0.05)
    """
    wanted = {"channel": channel, "frame": frame, "level": level}
    with opened(source, name) as (file, path, name):
        given = None if pixel_spacing is None else checked(name, pixel_spacing)
        contents = _contents(file, name, path, wanted, limits)
        return from_contents(contents, given, name, _sha256(file, path))


def read_untrusted(
    file: BinaryIO,
    name: str,
    pixel_spacing: float | None = None,
    *,
    channel: str | int | None = None,
    frame: int | None = None,
    limits: Limits | None = None,
    cancelled: Event | None = None,
) -> Image:
    """Read an image of unknown origin, such as an upload, in a process with limits; see ``read_image``.

    A plain TIFF file needs no decoder, and is read here. Raises CancelledError soon after ``cancelled`` is
    set; the process is then killed.
    """
    from xebra.readers import plain_tiff, sandbox

    given = None if pixel_spacing is None else checked(name, pixel_spacing)
    wanted: dict[str, Any] = {"channel": channel, "frame": frame}
    contents = plain_tiff.read(file) if channel is None and frame is None else None
    if contents is None:
        contents = sandbox.read(file, name, **wanted, limits=limits, cancelled=cancelled)
    return from_contents(contents, given, name, _sha256(file, None))


def read_pixels_untrusted(
    file: BinaryIO, name: str, *, channel: str | int | None = None, frame: int | None = None
) -> Pixels:
    """Read the values of an image of unknown origin as ``read_untrusted`` does, for display or resampling.

    Values that cannot be registered, such as those of an empty element map, are no error.
    """
    from xebra.readers import sandbox

    return sandbox.read(file, name, channel=channel, frame=frame).pixels


def inspect_untrusted(
    file: BinaryIO, name: str, *, limits: Limits | None = None, cancelled: Event | None = None
) -> image_files.FileInfo:
    """Return what a file of unknown origin holds, as ``inspect`` does, in a process with limits."""
    from xebra.readers import sandbox

    return sandbox.inspect(file, name, limits=limits, cancelled=cancelled)


def from_contents(contents: image_files.Contents, given: float | None, name: str, sha256: str) -> Image:
    """Return the image of a file from what was read of it; ``given`` overrides the file's pixel spacing."""
    pixels, stated, selected = contents
    spacing = given or (stated and mean(stated))
    axes = oblong(stated) if stated and not given else None
    source = "given" if given else stated and stated.source
    return Image(pixels, spacing, source, name, sha256, selected, spacing_axes=axes)


def _contents(
    file: BinaryIO | None, name: str, path: Path | None, wanted: dict[str, Any], limits: Limits | None
) -> image_files.Contents:
    """Return one image of a file, decoded here or, with limits, in another process."""
    if limits is None or file is None:
        return image_files.read(file, name, path=path, **wanted)
    from xebra.readers import sandbox

    return sandbox.read(file, name, **wanted, limits=limits)


def inspect(source: str | Path | BinaryIO, *, name: str | None = None) -> image_files.FileInfo:
    """Return what a file holds: data sets, channels, frames, levels, spacings. No pixels are decoded.

    Args:
        source: Path, folder of an OME-Zarr image, or open binary file.
        name: Name of the file in messages; by default its own.

    Returns:
        The format, the channels and the one that ``read_image`` chooses by default.

    Raises:
        ImageUnreadable: The file is missing, damaged or of an unknown type.

    Examples:
        >>> from xebra import sample
        >>> info = inspect(sample.FIXED)
        >>> info.format, len(info.channels), info.channels[0].shape
        ('ImageJ TIFF', 1, (256, 256))
    """
    with opened(source, name) as (file, path, name):
        return image_files.inspect(file, name, path=path)


@contextmanager
def opened(
    source: str | Path | BinaryIO, name: str | None
) -> Iterator[tuple[BinaryIO | None, Path | None, str]]:
    """Yield the open file (None: a folder), its path if it has one, and its name."""
    if not isinstance(source, str | Path):
        yield source, None, name or Path(str(getattr(source, "name", None) or "image")).name
        return
    path = Path(source)
    name = name or path.name
    if path.is_dir() and any((path / n).exists() for n in (".zattrs", ".zgroup", "zarr.json", ".zarray")):
        yield None, path, name
        return
    try:
        file = path.open("rb")
    except FileNotFoundError as error:
        raise ImageUnreadable(f"{source}: there is no such file.") from error
    except OSError as error:
        raise ImageUnreadable(f"{source}: cannot be opened ({error.strerror or error}).") from error
    with file:
        yield file, path, name


def _sha256(file: BinaryIO | None, path: Path | None) -> str:
    """Return the SHA-256 of a file's bytes; of a folder, that of names and bytes of its files in order."""
    digest = hashlib.sha256()
    if file is not None:
        file.seek(0)
        for chunk in iter(lambda: file.read(1 << 20), b""):
            digest.update(chunk)
        return digest.hexdigest()
    assert path is not None  # only a folder has no open file
    for part in sorted(p for p in path.rglob("*") if p.is_file()):
        digest.update(str(part.relative_to(path)).encode() + b"\0" + part.read_bytes())
    return digest.hexdigest()


def gray(pixels: Pixels, mask: Mask | None = None) -> Floats:
    """Return the luminance, alpha ignored, as shares 0 to 1 of its range; (H, W) float32.

    The range is that of the values under ``mask`` (H, W) bool, without outliers: values further beyond the
    0.1st and 99.9th percentile than half their distance are limited to that. Not finite values are 0.
    """
    return gray_rows(pixels, *display_range(pixels, mask))


def gray_rows(pixels: Pixels, low: float, high: float) -> Floats:
    """Return values (H, W) or (H, W, channels) as shares of a range, limited to 0 to 1; (H, W) float32."""
    result = np.empty(pixels.shape[:2], np.float32)
    for rows in _blocks(pixels):
        # The lowest value is subtracted before float32, whose 24 bits are fewer than those of 32-bit counts.
        shares = (_luminance(pixels[rows]) - low) / ((high - low) or 1.0)
        result[rows] = np.clip(np.nan_to_num(shares, nan=0.0, posinf=0.0, neginf=0.0), 0, 1)
    return result


def luminance(pixels: Pixels) -> Pixels:
    """Return the luminance of colours, alpha ignored; values (H, W) of one channel as they are.

    Source: ITU-R BT.601, luma. Its weights differ, so that colours of phases or classes whose channels have
    one mean stay apart.
    """
    return pixels if pixels.ndim == 2 else _luminance(pixels).astype(np.float32)


def above_lowest(pixels: Pixels, mask: Mask | None = None) -> Floats:
    """Return the luminance (H, W) less its lowest finite value under a mask, float32.

    Integers with a large offset keep their steps, which float32 would lose.
    """
    values = luminance(pixels)
    usable = np.isfinite(values) if mask is None else np.isfinite(values) & mask
    low = values[usable].min() if usable.any() else 0
    above: Floats = (values.astype(np.float64) - float(low)).astype(np.float32)
    return above


def display_range(pixels: Pixels, mask: Mask | None) -> tuple[float, float]:
    """Return the grey levels that ``gray`` maps to 0 and 1."""
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


def _checked_pixels(pixels: Pixels, name: str) -> Pixels:
    """Return a read-only view in native byte order; raise where the array is no image to register."""
    pixels = np.asarray(pixels)
    if pixels.ndim not in (2, 3) or pixels.shape[2:] not in ((), (3,), (4,)):
        raise ImageUnusable(
            f"{name}: an array of shape {pixels.shape} is no image. "
            "Give (rows, columns), colour as a last axis of 3 or 4."
        )
    check_size(name, *pixels.shape[:2])
    pixels = image_files.plain(pixels)
    if pixels.dtype.newbyteorder("=") not in map(np.dtype, DTYPES):
        raise ImageUnusable(
            f"{name}: values of type {pixels.dtype} are not taken. Convert to one of {', '.join(DTYPES)}."
        )
    pixels = pixels.astype(pixels.dtype.newbyteorder("="), copy=False).view()
    pixels.flags.writeable = False
    _check_values(pixels, name)
    return pixels


def _check_values(pixels: Pixels, name: str) -> None:
    low, high = _range(pixels)
    if not low <= high:
        raise ImageUnusable(f"{name}: no value is finite (all are NaN or infinite). Export the image again.")
    if low == high:
        raise ImageUnusable(f"{name}: every pixel has the value {low:g}, so that nothing can be aligned.")


def _range(pixels: Pixels) -> tuple[float, float]:
    """Return the lowest and the highest finite gray value; inf and -inf where there is none."""
    with np.errstate(invalid="ignore", over="ignore"):
        extremes = [_extremes(_luminance(pixels[rows])) for rows in _blocks(pixels)]
    lows, highs = zip(*extremes, strict=True)
    return float(min(lows)), float(max(highs))


def _extremes(block: Floats) -> tuple[float, float]:
    low, high = block.min(), block.max()
    if abs(low) < TOO_LARGE and abs(high) < TOO_LARGE:
        return low, high
    finite = block[np.abs(block) < TOO_LARGE]
    return (finite.min(), finite.max()) if finite.size else (np.inf, -np.inf)


def _luminance(block: Floats) -> Floats:
    return block[..., :3] @ LUMINANCE if block.ndim == 3 else block.astype(np.float64)


def _blocks(pixels: Pixels) -> list[slice]:
    return [slice(start, start + BLOCK_ROWS) for start in range(0, len(pixels), BLOCK_ROWS)]
