"""Metadata of the images in a file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

from xebra.arrays import Pixels
from xebra.pixel_spacing import Spacing

Kind = Literal["image", "map", "preview"]


@dataclass(frozen=True)
class Stage:
    """Position of the stage in micrometres, rotation and tilt in degrees; None: not stated."""

    x_um: float | None = None
    y_um: float | None = None
    z_um: float | None = None
    rotation_deg: float | None = None
    tilt_deg: float | None = None


@dataclass(frozen=True)
class Channel:
    """One image of a file: its name, size and metadata, without pixels."""

    name: str
    shape: tuple[int, ...]  # (rows, columns) or (rows, columns, colours) of level 0
    dtype: str
    frames: int = 1
    levels: tuple[tuple[int, ...], ...] = ()  # shapes of the reduced copies: level 1, 2, ...
    spacing: Spacing | None = None
    stage: Stage | None = None
    scan_rotation_deg: float | None = None
    detector: str | None = None
    kind: Kind = "image"  # "map": derived from a spectrum, "preview": a reduced or drawn copy

    def to_json(self) -> dict[str, Any]:
        """Everything, in the types of JSON."""
        spacing = self.spacing and self.spacing._asdict()
        return {
            **asdict(self),
            "shape": list(self.shape),
            "levels": [*map(list, self.levels)],
            "spacing": spacing,
        }

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Channel:
        """Return the channel whose ``to_json`` was ``body``."""
        return cls(
            **{
                **body,
                "shape": tuple(body["shape"]),
                "levels": tuple(map(tuple, body["levels"])),
                "spacing": body["spacing"] and Spacing(**body["spacing"]),
                "stage": body["stage"] and Stage(**body["stage"]),
            }
        )


Load = Callable[[int, int], Pixels]  # (frame, level) -> pixels (H, W) or (H, W, 3 | 4)


class Entry(NamedTuple):
    """A channel, and the function that decodes it while its file is open."""

    channel: Channel
    load: Load


class Opened(NamedTuple):
    """An open file: its format, its channels, and a function for channels that exist by name only."""

    format: str
    entries: list[Entry]
    more: Callable[[str], Entry | None] = lambda name: None  # of an energy window, say
