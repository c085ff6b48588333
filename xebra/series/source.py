"""Frames from an array, a stack file, a folder, a list or a generator, read one at a time."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from xebra import image_files
from xebra.arrays import Pixels
from xebra.batch.patterns import IMAGE_SUFFIXES
from xebra.errors import ImageUnreadable, SeriesInvalid
from xebra.image import Image, opened, read_image
from xebra.pixel_spacing import mean

FrameSource = Any  # array (N, H, W), path, sequence of images, or an iterable of frames


class Frames:
    """A sequence of frames (H, W) or (H, W, 3 | 4) that are read when they are needed.

    ``pixel_spacing``: um per px where the file states it.
    """

    def __init__(
        self,
        read: Callable[[int], Pixels],
        names: Sequence[str],
        pixel_spacing: float | None = None,
        close: Callable[[], None] = lambda: None,
    ):
        """Read frame ``n``, called ``names[n]`` in messages, by ``read(n)``."""
        self._read, self.names, self.pixel_spacing, self._close = read, names, pixel_spacing, close

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, number: int) -> Pixels:
        return np.asarray(self._read(range(len(self))[number]))

    def __iter__(self) -> Iterator[Pixels]:
        return (self[number] for number in range(len(self)))

    def close(self) -> None:
        """Close the file."""
        self._close()

    def __enter__(self) -> Frames:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_frames(source: FrameSource, channel: str | int | None = None) -> Frames:
    """Return the frames of a source; nothing but the first frame of a file is read.

    Raises SeriesInvalid where there are fewer than two frames, ImageUnreadable where a file cannot be read.
    """
    if isinstance(source, Frames):
        return source
    frames = _of(source, channel)
    if len(frames) < 2:
        frames.close()
        raise SeriesInvalid(f"A series needs at least two frames, not {len(frames)}.")
    return frames


def _of(source: FrameSource, channel: str | int | None) -> Frames:
    if isinstance(source, str | Path):
        path = Path(source)
        return _folder(path, channel) if _is_folder_of_images(path) else _stack(path, channel)
    if hasattr(source, "shape") and hasattr(source, "__getitem__"):
        return _array(source)
    if isinstance(source, Sequence):
        return _listed(source, channel)
    if isinstance(source, Iterable):
        return _spooled(source)
    raise SeriesInvalid(
        f"A series is an array (N, H, W), a file, a folder, a list or a generator of frames, not {source!r}."
    )


def _array(source: Any) -> Frames:
    shape = tuple(source.shape)
    if len(shape) not in (3, 4) or (len(shape) == 4 and shape[3] not in (3, 4)):
        raise SeriesInvalid(f"A series is an array (N, H, W) or (N, H, W, 3 | 4), not {shape}.")
    return Frames(lambda number: np.asarray(source[number]), _numbered("frame", shape[0]))


def _listed(source: Sequence[Any], channel: str | int | None) -> Frames:
    """Return the frames of a list of arrays, images and paths."""
    names = [_name_of(each, number) for number, each in enumerate(source)]
    first = source[0] if source else None
    spacing = first.pixel_spacing if isinstance(first, Image) else None

    def read(number: int) -> Pixels:
        each = source[number]
        if isinstance(each, str | Path):
            return read_frame(Path(each), channel)
        return each.pixels if isinstance(each, Image) else np.asarray(each)

    return Frames(read, names, spacing)


def _name_of(source: Any, number: int) -> str:
    if isinstance(source, str | Path):
        return Path(source).name
    return source.name if isinstance(source, Image) else f"frame {number}"


def _is_folder_of_images(path: Path) -> bool:
    zarr = (".zattrs", ".zgroup", "zarr.json", ".zarray")
    return path.is_dir() and not any((path / name).exists() for name in zarr)


def _folder(path: Path, channel: str | int | None) -> Frames:
    """Return the image files of a folder in the order of the numbers in their names."""
    files = [
        file
        for file in path.iterdir()
        if file.suffix.lower() in IMAGE_SUFFIXES and not file.name.startswith(".")
    ]
    if not files:
        raise ImageUnreadable(f"{path}: the folder holds no image files.")
    files.sort(key=lambda file: natural(file.name))
    spacing = read_image(files[0], channel=channel).pixel_spacing
    return Frames(lambda number: read_frame(files[number], channel), [file.name for file in files], spacing)


def natural(name: str) -> list[tuple[int, int, str]]:
    """Return a key that sorts names by the numbers in them.

    >>> sorted(["frame10.tif", "frame9.tif"], key=natural)
    ['frame9.tif', 'frame10.tif']
    """
    parts = re.split(r"(\d+)", name.casefold())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]


def read_frame(path: Path, channel: str | int | None) -> Pixels:
    """Return the values of the image in a file; those of an empty frame are no error."""
    with opened(path, None) as (file, place, name):
        return image_files.read(file, name, path=place, channel=channel).pixels


def _stack(path: Path, channel: str | int | None) -> Frames:
    """Return the frames of one file, which stays open."""
    with ExitStack() as stack:
        file, place, name = stack.enter_context(opened(path, None))
        found, load = stack.enter_context(image_files.opened_stack(file, name, path=place, channel=channel))
        spacing = None if found.spacing is None else mean(found.spacing)
        return Frames(load, _numbered(name, found.frames), spacing, stack.pop_all().close)


def _spooled(source: Iterable[Any]) -> Frames:
    """Return the frames of a generator, which are kept in a temporary file since they are read twice."""
    file = tempfile.TemporaryFile(prefix="xebra-series-")  # noqa: SIM115  # closed by Frames
    shape: tuple[int, ...] | None = None
    dtype = np.dtype(np.uint8)
    count = 0
    for each in source:
        frame = np.ascontiguousarray(each.pixels if isinstance(each, Image) else each)
        if shape is None:
            shape, dtype = frame.shape, frame.dtype
        if frame.shape != shape or frame.dtype != dtype:
            file.close()
            raise SeriesInvalid(f"Frame {count} is {frame.dtype} {frame.shape}, the others {dtype} {shape}.")
        frame.tofile(file)
        count += 1
    size = int(np.prod(shape or (0,)))

    def read(number: int) -> Pixels:
        file.seek(number * size * dtype.itemsize)
        return np.fromfile(file, dtype, size).reshape(shape or (0,))

    return Frames(read, _numbered("frame", count), None, file.close)


def _numbered(name: str, count: int) -> list[str]:
    return [f"{name} {number}" for number in range(count)]
