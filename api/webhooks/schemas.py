"""Webhooks and their deliveries as the API represents them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, AnyHttpUrl, BaseModel, ConfigDict, Field

from api.times import GivenTime, Time


def _without_password(url: AnyHttpUrl) -> AnyHttpUrl:
    if url.username or url.password:
        raise ValueError("the URL must not contain user and password; deliveries are signed instead")
    return url


class NewWebhook(BaseModel):
    """The URL that receives a POST when a registration has ended."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"url": "https://pipeline.example.org/xebra"}}
    )

    url: Annotated[AnyHttpUrl, AfterValidator(_without_password), Field(max_length=2000)]


class Webhook(BaseModel):
    """A webhook endpoint."""

    id: str
    url: str
    created_at: Time
    failing_since: Time | None = Field(description="Time of the first failure since the last success.")
    paused_until: Time | None = Field(description="Nothing is sent until then, after failures in a row.")
    disabled_at: Time | None = Field(description="Nothing is sent after days of failures; enable it again.")


class CreatedWebhook(Webhook):
    """A new webhook with its secret, which is not shown again; the receiver verifies signatures with it."""

    secret: str


class Webhooks(BaseModel):
    """All webhooks of an instrument."""

    items: list[Webhook]


class Delivery(BaseModel):
    """An event, and the outcome of its last delivery attempt."""

    id: str
    body: dict[str, Any]
    created_at: Time
    attempts: int
    due_at: Time | None = Field(description="Time of the next attempt; None if there is none.")
    delivered_at: Time | None
    said: str | None = Field(validation_alias="outcome", description="Outcome of the last attempt.")


class DeliveryPage(BaseModel):
    """One page of deliveries, newest first."""

    items: list[Delivery]
    next_cursor: str | None


class ReplayRequest(BaseModel):
    """The time since which events are delivered again."""

    model_config = ConfigDict(extra="forbid")

    since: GivenTime


class ReplayResult(BaseModel):
    """The number of events that are delivered again."""

    events: int
