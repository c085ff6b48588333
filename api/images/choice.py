"""Which image of an uploaded file is meant, where the file holds several."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query
from pydantic import AfterValidator, Field

from db.rows import ImageRow
from xebra.errors import ImageChoiceNeeded
from xebra.image_files import FileInfo
from xebra.limits import MIN_SIDE
from xebra.readers import choose
from xebra.readers.channel import Channel

MAX_FRAME = (1 << 31) - 1
ByName = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f]*$")]
ByNumber = Annotated[int, Field(ge=0, le=MAX_FRAME)]
ChannelChoice = Annotated[
    ByNumber | ByName | None,
    AfterValidator(lambda value: value if value is None else str(value)),
    Field(description="Number or name of a channel of the file, as `choices` of the image lists them."),
]
FrameChoice = Annotated[
    int | None, Field(ge=0, le=MAX_FRAME, description="Number of a frame, where the channel is a stack.")
]


@dataclass(frozen=True)
class Choice:
    """A channel by number or name, and a frame; None: the default."""

    channel: str | None = None
    frame: int | None = None

    @property
    def key(self) -> str:
        """Return a part of an object key that is unique to this choice; empty for the default."""
        if self == Choice():
            return ""
        return f"{hashlib.sha256(repr((self.channel, self.frame)).encode()).hexdigest()[:32]}/"

    @property
    def query(self) -> str:
        """Return the choice as the query of a URL, with its question mark; empty for the default."""
        from urllib.parse import urlencode

        given = {name: value for name, value in vars(self).items() if value is not None}
        return f"?{urlencode(given)}" if given else ""


async def _choice(
    channel: Annotated[ByName | None, Query(description="Number or name of a channel of the file.")] = None,
    frame: Annotated[int | None, Query(ge=0, le=MAX_FRAME, description="Frame of a stack.")] = None,
) -> Choice:
    return Choice(channel, frame)


ChoiceDep = Annotated[Choice, Depends(_choice)]


def contents(row: ImageRow) -> FileInfo | None:
    """Return what the file holds; None for images that earlier versions have stored."""
    return None if row.contents is None else FileInfo.from_json(row.contents)


def check(row: ImageRow, choice: Choice) -> Channel | None:
    """Return the chosen channel; None where only its reader knows it, such as an energy window.

    Raises:
        ImageChoiceNeeded: the file holds several images and none of them is chosen.
        ImageUnreadable: there is no such frame.
    """
    found = contents(row)
    if found is None:
        return None
    try:
        chosen = choose.choose(row.name, found.channels, choice.channel, choice.frame, None)
    except ImageChoiceNeeded:
        if choice.channel is not None and any(channel.kind == "map" for channel in found.channels):
            return None  # a line or a window of a spectrum map
        raise
    return found.channels[chosen.channel]


def first(info: FileInfo) -> Choice:
    """Return the image that stands for a file of which nothing is chosen: the first one of useful size."""
    if info.default is not None:
        number = info.default
    else:
        images = [n for n, c in enumerate(info.channels) if c.kind == "image"] or [0]
        number = next((n for n in images if min(info.channels[n].shape[:2]) >= MIN_SIDE), images[0])
    return Choice(str(number), 0 if info.channels[number].frames > 1 else None)


def shown(row: ImageRow, choice: Choice) -> Choice:
    """Return the choice, or the image that stands for the file where the default needs a choice."""
    found = contents(row)
    return first(found) if found is not None and choice == Choice() else choice


def shape(row: ImageRow, choice: Choice) -> tuple[int, int]:
    """Return rows and columns of the chosen image.

    Raises:
        ImageChoiceNeeded, ImageUnreadable: as ``check``.
    """
    found = check(row, shown(row, choice))
    return (row.height, row.width) if found is None else (found.shape[0], found.shape[1])
