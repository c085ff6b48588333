"""What the service is asked for, and what it answers with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypedDict


class Setting(TypedDict, total=False):
    """What bears on the answer beside the images; what is left out is the instrument's own."""

    network: str
    mirror: Literal["no", "yes", "try"]
    fixed_spacing_um: float
    moving_spacing_um: float


class Wish(Setting, total=False):
    """The same for a job that waits in the queue."""

    priority: Literal["collection", "bulk"]


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

    @classmethod
    def of(cls, body: dict[str, Any]) -> Image:
        """From the service's JSON."""
        return cls(**{name: body[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class Job:
    """A registration; ``result`` is as ``Registration.to_json`` writes it, once it has succeeded."""

    id: str
    state: State
    attempt: int
    result: dict[str, Any] | None
    failure: dict[str, Any] | None
    links: dict[str, str | None]

    @classmethod
    def of(cls, body: dict[str, Any]) -> Job:
        """From the service's JSON."""
        return cls(**{name: body[name] for name in cls.__dataclass_fields__})

    @property
    def ended(self) -> bool:
        """Whether anything can still happen."""
        return self.state in ENDED
