"""Server-sent events: their data, their text, and messages of many events.

A message costs 0.4 ms of the event loop, whatever the number of its events; the text of an event is made once
for all streams.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from fastapi.sse import format_sse_event
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import StreamingResponse

from api.times import Time
from db.rows import EventRow

KEEP_ALIVE = b": ping\n\n"
KNOWN_EVENTS = 10_000  # texts that are kept
_TEXT = {"type": "string"}
_SCHEMA = {
    "type": "object",
    "properties": {
        "data": _TEXT,
        "event": _TEXT,
        "id": _TEXT,
        "retry": {"type": "integer", "minimum": 0},
    },
}


class EventStream(StreamingResponse):
    """A response of server-sent events; proxies do not hold them back."""

    media_type = "text/event-stream"

    def __init__(self, content: Any, status_code: int = 200, **named: Any) -> None:
        super().__init__(content, status_code, **named)
        self.headers["Cache-Control"] = "no-cache"
        self.headers["X-Accel-Buffering"] = "no"


DOCUMENTED: dict[int | str, dict[str, Any]] = {
    200: {"content": {EventStream.media_type: {"itemSchema": _SCHEMA}}}
}


class Event(BaseModel):
    """A state change of a registration."""

    registration_id: str
    batch_id: str | None
    state: str
    attempt: int
    at: Time


class SeriesEvent(BaseModel):
    """Further frames of a series were audited, or the series has ended."""

    series_id: str
    state: str
    frames: int
    at: Time


class NetworkEvent(BaseModel):
    """A version of the network of the instrument has changed its state, or its adaptation goes on."""

    network_id: str
    state: str
    at: Time


class DriftEvent(BaseModel):
    """The jobs of the instrument differ from its reference, no longer do, or that was acknowledged."""

    model_config = ConfigDict(extra="ignore")

    state: str
    window: int = Field(description="Number of the window of jobs, as in `GET /api/v1/drift`.")
    features: list[str] = Field(description="What differs, the most changed feature first.")
    examples: dict[str, list[str]] | None = Field(None, description="Registrations `before` and `after`.")
    at: Time


def encoded(message: Sequence[EventRow]) -> bytes:
    """Return the text of these events; of none, a comment that clients ignore."""
    return b"".join(_text(Key(event)) for event in message) if message else KEEP_ALIVE


class Key:
    """An event as a key: those about drift have a dictionary, which has no hash."""

    def __init__(self, event: EventRow) -> None:
        self.event = event

    def __hash__(self) -> int:
        return hash(self.event.seq)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and other.event == self.event


@functools.lru_cache(KNOWN_EVENTS)
def _text(key: Key) -> bytes:
    event = key.event
    kind, data = _data(event)
    return format_sse_event(data_str=data.model_dump_json(), event=kind, id=str(event.seq))


def _data(event: EventRow) -> tuple[str, BaseModel]:
    """Return the type and the data of an event."""
    if event.series_id is not None:
        return "series", SeriesEvent.model_validate(event, from_attributes=True)
    if event.network_id is not None:
        return "network", NetworkEvent.model_validate(event, from_attributes=True)
    if event.drift is not None:
        return "drift", DriftEvent(state=event.state, at=event.at, **event.drift)
    return "registration", Event.model_validate(event, from_attributes=True)
