"""Further channels of a moving scan on the grid of the fixed image, as TIFF files."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from tempfile import NamedTemporaryFile
from threading import BoundedSemaphore
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy.orm import Session

from api.images import choice
from api.images.choice import Choice
from db import images
from db.rows import ImageRow, RegistrationRow
from db.store import ImageStore
from xebra import file_names
from xebra.arrays import Pixels
from xebra.errors import ImageUnusable
from xebra.image_files import write_channels, write_tiff
from xebra.resample import Interpolation

MAX_BYTES = 2 << 30  # of all channels of one OME-TIFF, which are in memory together
_resampling = BoundedSemaphore(1)


class How(NamedTuple):
    """How a channel is resampled."""

    interpolation: Interpolation
    same_field: bool


class Channel(NamedTuple):
    """One image of an uploaded file."""

    image: ImageRow
    choice: Choice
    title: str  # empty where the file holds one image only

    def described(self) -> dict[str, Any]:
        """Return the channel as the audit log names it."""
        return {"image": self.image.id, "sha256": self.image.sha256, **vars(self.choice)}


def wanted(session: Session, given: Sequence[Mapping[str, Any]], owner: str) -> list[Channel]:
    """Return the channels that a request names by image_id, channel, frame and all_channels.

    Raises:
        ImageNotFound: an image does not exist or belongs to another owner.
        ImageChoiceNeeded: the file holds several images and none of them is named.
        ImageUnreadable: there is no such frame.
    """
    rows = images.by_id(session, [each["image_id"] for each in given], owner)
    return [channel for each in given for channel in _channels(rows[each["image_id"]], each)]


def _channels(row: ImageRow, given: Mapping[str, Any]) -> Iterator[Channel]:
    info, frame = choice.contents(row), given["frame"]
    if not given["all_channels"] or info is None:
        chosen = Choice(given["channel"], frame)
        found = choice.check(row, chosen)
        several = info is not None and len(info.channels) > 1
        name = found.name if found is not None else str(given["channel"] or "")
        yield Channel(row, chosen, _title(name if several else "", frame))
        return
    for number, channel in enumerate(info.channels):
        if channel.kind != "preview":
            own = frame if channel.frames > 1 else None
            chosen = Choice(str(number), own)
            choice.check(row, chosen)
            yield Channel(row, chosen, _title(channel.name if len(info.channels) > 1 else "", own))


def _title(name: str, frame: int | None) -> str:
    return " ".join(part for part in (name, "" if frame is None else f"frame {frame}") if part)


@dataclass(frozen=True)
class Applied:
    """Channels transformed by a result; files are written on request."""

    row: RegistrationRow
    result: dict[str, Any]
    channels: list[Channel]
    how: How
    store: ImageStore

    @property
    def name(self) -> str:
        """Return the name of the file or archive, without suffix."""
        fixed = self.row.fixed_image.name
        if len(self.channels) == 1:
            return self._names[0]
        first = {channel.image.name for channel in self.channels}
        moving = next(iter(first)) if len(first) == 1 else self.row.moving_image.name
        return f"{file_names.stem(moving)}_channels_on_{file_names.stem(fixed)}"

    def write_tiffs(self, target: str) -> tuple[str, str]:
        """Write one TIFF, or a ZIP archive of several, to a path; return media type and suffix."""
        with _resampling:
            if len(self.channels) == 1:
                write_tiff(target, self._pixels(self.channels[0]), self._um)
            else:
                self._write_archive(target)
        return ("application/zip", ".zip") if len(self.channels) > 1 else ("image/tiff", ".tif")

    def write_ome_tiff(self, target: str) -> tuple[str, str]:
        """Write one OME-TIFF with all channels to a path; return media type and suffix.

        Raises:
            ImageUnusable: the channels have several data types, or are too large for one file.
        """
        pixels: list[Pixels] = []
        size = 0
        with _resampling:
            for channel in self.channels:
                pixels.append(self._pixels(channel))
                size += pixels[-1].nbytes
                if size > MAX_BYTES:
                    raise ImageUnusable(
                        f"The channels together are larger than {MAX_BYTES >> 30} GiB. Use the format tiff."
                    )
            titles = [channel.title or file_names.stem(channel.image.name) for channel in self.channels]
            write_channels(target, pixels, titles, self._um)
        return "image/tiff", ".ome.tif"

    def _write_archive(self, target: str) -> None:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
            for channel, name in zip(self.channels, self._names, strict=True):
                with NamedTemporaryFile(suffix=".tif") as file:
                    write_tiff(file.name, self._pixels(channel), self._um)
                    archive.write(file.name, f"{name}.tif")

    @cached_property
    def _names(self) -> list[str]:
        fixed = self.row.fixed_image.name
        found = (file_names.registered(each.image.name, fixed, each.title) for each in self.channels)
        return list(file_names.distinct(found))

    @property
    def _um(self) -> float | None:
        um: float | None = self.result["fixed"]["pixel_spacing_um"]
        return um

    def _pixels(self, channel: Channel) -> Pixels:
        """Return one channel on the grid of the fixed image."""
        from xebra.apply import apply, field_of
        from xebra.image import read_pixels_untrusted

        name = f"{channel.image.name}, {channel.title}" if channel.title else channel.image.name
        chosen = channel.choice
        with self.store.open(channel.image.store_key) as file:
            pixels = read_pixels_untrusted(
                file, channel.image.name, channel=chosen.channel, frame=chosen.frame
            )
        return apply(
            pixels,
            np.array(self.result["moving_from_fixed"]),
            self.result["moving"]["shape"],
            self.result["fixed"]["shape"],
            interpolation=self.how.interpolation,
            same_field=self.how.same_field,
            name=name,
            field=field_of(self.result),
        )
