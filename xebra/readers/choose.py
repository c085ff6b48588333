"""Which image of a file is meant: the one that was named, the only one, or an error that lists all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from xebra.errors import ImageChoiceNeeded, ImageUnreadable
from xebra.limits import MIN_SIDE
from xebra.readers.channel import Channel

LISTED = 12  # channels named in a message; the exception carries all
# Of several detectors beside a spectrum: those whose contrast follows composition, as an element map's does.
ELECTRON_IMAGES = ("haadf", "bse", "bsd", "adf", "cbs", "dark field")


class Choice(NamedTuple):
    """The position of a channel, a frame and a level, and why this channel was chosen by default."""

    channel: int
    frame: int
    level: int
    reason: str | None


def choose(
    name: str,
    channels: Sequence[Channel],
    channel: str | int | None,
    frame: int | None,
    level: int | None,
) -> Choice:
    """Return what is to be read.

    Raises ImageChoiceNeeded where a channel or frame must be named, ImageUnreadable where there is none such.
    """
    if not channels:
        raise ImageUnreadable(
            f"{name}: the file holds no image. Spectra and curves alone cannot be registered."
        )
    number, reason = _default(name, channels) if channel is None else (_named(name, channels, channel), None)
    found = channels[number]
    return Choice(number, _frame(name, channels, found, frame), _level(name, found, level), reason)


def default(channels: Sequence[Channel]) -> tuple[int, str | None] | None:
    """Return the channel that needs no naming and why it is the one; None where there is none."""
    if len(channels) == 1:
        return 0, None
    images = _of_kind(channels, "image")
    large = [n for n in images if min(channels[n].shape[:2]) >= MIN_SIDE]
    for candidates in (images, large):
        if len(candidates) == 1:
            return candidates[0], f"the only image beside {_others(channels, candidates[0])}"
    if images and _of_kind(channels, "map"):
        return _electron_image(channels, large or images)
    return None


def _electron_image(channels: Sequence[Channel], images: list[int]) -> tuple[int, str]:
    """Return the image recorded with a spectrum map; several detectors of one scan share one transform."""
    by_name = (n for word in ELECTRON_IMAGES for n in images if word in channels[n].name.lower())
    number = next(by_name, images[0])
    return number, f"the electron image beside {_others(channels, number)}"


def _default(name: str, channels: Sequence[Channel]) -> tuple[int, str | None]:
    found = default(channels)
    if found is None:
        listed = "; ".join(f"{n}: {described(c)}" for n, c in enumerate(channels[:LISTED]))
        more = f"; and {len(channels) - LISTED} more" if len(channels) > LISTED else ""
        raise ImageChoiceNeeded(
            f"{name}: the file holds {len(channels)} images. Choose one with channel=NUMBER or NAME "
            f"(--channel on the command line): {listed}{more}.",
            channels,
        )
    return found


def _named(name: str, channels: Sequence[Channel], wanted: str | int) -> int:
    """Return the channel of a number or a name: case ignored, else the only one that contains it."""
    text = str(wanted).strip()
    number = int(text) if re.fullmatch(r"\d{1,9}", text) else -1
    if 0 <= number < len(channels):
        return number
    names = [c.name.casefold() for c in channels]
    text = text.casefold()
    for matches in (
        [n for n, known in enumerate(names) if known == text],
        [n for n, known in enumerate(names) if text and text in known],
    ):
        if len(matches) == 1:
            return matches[0]
    known = ", ".join(c.name for c in channels[:LISTED])
    raise ImageChoiceNeeded(f"{name}: there is no single channel {wanted!r}. Channels: {known}.", channels)


def _frame(name: str, channels: Sequence[Channel], found: Channel, frame: int | None) -> int:
    if frame is None:
        if found.frames > 1:
            raise ImageChoiceNeeded(
                f"{name}: {found.name} is a stack of {found.frames} frames. Choose one with frame=0 to "
                f"{found.frames - 1} (--frame on the command line).",
                channels,
            )
        return 0
    if not 0 <= frame < found.frames:
        last = f"0 to {found.frames - 1}" if found.frames > 1 else "0 only"
        raise ImageUnreadable(f"{name}: {found.name} has no frame {frame}; frames: {last}.")
    return frame


def _level(name: str, found: Channel, level: int | None) -> int:
    if not 0 <= (level or 0) <= len(found.levels):
        raise ImageUnreadable(
            f"{name}: {found.name} has no level {level}; levels: 0 (full size) to {len(found.levels)}."
        )
    return level or 0


def described(channel: Channel) -> str:
    """Return a channel in a few words: name, size, type, frames."""
    size = f"{channel.shape[1]} x {channel.shape[0]} px"
    colours = f" x {channel.shape[2]}" if len(channel.shape) > 2 else ""
    frames = f", {channel.frames} frames" if channel.frames > 1 else ""
    return f"{channel.name} ({size}{colours}, {channel.dtype}{frames})"


def _of_kind(channels: Sequence[Channel], kind: str) -> list[int]:
    return [n for n, c in enumerate(channels) if c.kind == kind]


def _others(channels: Sequence[Channel], number: int) -> str:
    others = [c.name for n, c in enumerate(channels) if n != number]
    return ", ".join(others[:3]) + (f" and {len(others) - 3} more" if len(others) > 3 else "")
