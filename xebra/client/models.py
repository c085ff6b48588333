"""Requests to the service and its responses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypedDict


class Polygon(TypedDict):
    """A GeoJSON Polygon in px of an image."""

    type: Literal["Polygon"]
    coordinates: list[list[list[float]]]


class Mask(TypedDict, total=False):
    """Which pixels of an image may be used; with ``exclude`` alone, data bars and the like are found too."""

    include: list[Polygon]
    exclude: list[Polygon]


class Setting(TypedDict, total=False):
    """Settings of a registration; those left out are the defaults of the instrument."""

    network: str
    fixed_channel: str | int
    fixed_frame: int
    moving_channel: str | int
    moving_frame: int
    mirror: Literal["no", "yes", "try"]
    model: Literal["translation", "rigid", "similarity", "affine"]
    fixed_spacing_um: float
    moving_spacing_um: float
    fixed_mask: Mask
    moving_mask: Mask


class RegistrationRequest(Setting, total=False):
    """Settings of a queued registration: also its priority, and uploaded images as masks.

    ``prior`` holds fixed_from_moving (3 x 3, px) and perhaps tolerances (shift, angle_deg, scale); a tilt
    holds degrees and perhaps axis_deg.
    """

    prior: dict[str, Any]
    fixed_tilt: dict[str, float]
    moving_tilt: dict[str, float]
    priority: Literal["collection", "bulk"]
    fixed_mask_image_id: str
    moving_mask_image_id: str


State = Literal["queued", "running", "succeeded", "failed", "cancelled"]
ENDED = ("succeeded", "failed", "cancelled")


@dataclass(frozen=True)
class Image:
    """An uploaded image."""

    id: str
    name: str
    sha256: str
    height: int
    width: int
    pixel_spacing_um: float | None
    choices: list[dict[str, Any]]  # the images that the file holds
    choice_needed: bool  # True where a registration must name a channel or a frame

    @classmethod
    def of(cls, body: dict[str, Any]) -> Image:
        """Return the object that the JSON of the service describes."""
        return cls(**{name: body[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class Channels:
    """Channels of an uploaded file: one by number or name, a frame of it, or all."""

    image: Image
    channel: str | int | None = None
    frame: int | None = None
    all_channels: bool = False

    def body(self) -> dict[str, Any]:
        """Return the JSON that the service takes."""
        return {
            "image_id": self.image.id,
            "channel": self.channel,
            "frame": self.frame,
            "all_channels": self.all_channels,
        }


@dataclass(frozen=True)
class Job:
    """A registration job; ``result`` has the form of ``Registration.to_json`` once it has succeeded."""

    id: str
    state: State
    attempt: int
    result: dict[str, Any] | None
    failure: dict[str, Any] | None
    links: dict[str, str | None]

    @classmethod
    def of(cls, body: dict[str, Any]) -> Job:
        """Return the object that the JSON of the service describes."""
        return cls(**{name: body[name] for name in cls.__dataclass_fields__})

    @property
    def ended(self) -> bool:
        """Return whether the state is final."""
        return self.state in ENDED
