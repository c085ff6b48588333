"""/api/v1/webhooks"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, AnyHttpUrl, AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import select

from api import paging, problems
from api.dependencies import DatabaseDep, OwnerDep, SettingsDep, WhoDep
from api.errors import CursorInvalid, WebhookUnsafe
from api.paging import CursorQuery, LimitQuery
from api.times import Time
from db import pages, webhooks
from db.errors import WebhookNotFound
from db.rows import DeliveryRow, WebhookRow

PATH = "/api/v1/webhooks"
router = APIRouter(prefix=PATH, tags=["webhooks"])


def _without_password(url: AnyHttpUrl) -> AnyHttpUrl:
    if url.username or url.password:
        raise ValueError("leave user and password out of the URL; the signature says who is calling")
    return url


class NewWebhook(BaseModel):
    """Where to send a POST when a registration has ended."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"url": "https://pipeline.example.org/xebra"}}
    )

    url: Annotated[AnyHttpUrl, AfterValidator(_without_password), Field(max_length=2000)]


class Webhook(BaseModel):
    """Who is told."""

    id: str
    url: str
    created_at: Time


class CreatedWebhook(Webhook):
    """The same with its secret, which is shown this once: with it, check the signatures."""

    secret: str


class Webhooks(BaseModel):
    """All webhooks of an instrument."""

    items: list[Webhook]


class Delivery(BaseModel):
    """One event, and what came of telling it."""

    id: str
    body: dict
    created_at: Time
    attempts: int
    due_at: Time | None
    delivered_at: Time | None
    said: str | None


class Deliveries(BaseModel):
    """One page of deliveries, newest first."""

    items: list[Delivery]
    next_cursor: str | None


class Replay(BaseModel):
    """Tell again what has ended since."""

    model_config = ConfigDict(extra="forbid")

    since: AwareDatetime


class Replayed(BaseModel):
    """How many events are told again."""

    events: int


@router.post(
    "",
    status_code=201,
    summary="Be told when registrations end",
    responses=problems.documented(RequestValidationError, WebhookUnsafe),
)
def add(
    body: NewWebhook, database: DatabaseDep, settings: SettingsDep, who: WhoDep, response: Response
) -> CreatedWebhook:
    """Signed after Standard Webhooks (standardwebhooks.com); tried again over three days."""
    if body.url.scheme != "https" and not settings.webhooks_anywhere:
        raise WebhookUnsafe("a webhook's URL must begin with https://")
    with database.writing() as session:
        row = webhooks.add(session, who.owner, str(body.url), who.actor)
    response.headers["Location"] = f"{PATH}/{row.id}"
    return CreatedWebhook.model_validate(row, from_attributes=True)


@router.get("", summary="See who is told", responses=problems.documented())
def list_webhooks(database: DatabaseDep, owner: OwnerDep) -> Webhooks:
    """Oldest first."""
    with database.reading() as session:
        rows = webhooks.of(session, owner)
    return Webhooks(items=[Webhook.model_validate(row, from_attributes=True) for row in rows])


@router.delete(
    "/{webhook_id}",
    status_code=204,
    summary="Be told nothing",
    responses=problems.documented(WebhookNotFound),
)
def end(webhook_id: str, database: DatabaseDep, who: WhoDep) -> None:
    """What waits to be delivered is dropped."""
    with database.writing() as session:
        webhooks.end(session, webhooks.get(session, webhook_id, who.owner), who.actor)


@router.get(
    "/{webhook_id}/deliveries",
    summary="See what was told",
    responses=problems.documented(WebhookNotFound, RequestValidationError, CursorInvalid),
)
def deliveries(
    webhook_id: str,
    database: DatabaseDep,
    owner: OwnerDep,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> Deliveries:
    """Newest first."""
    with database.reading() as session:
        row: WebhookRow = webhooks.get(session, webhook_id, owner)
        query = select(DeliveryRow).where(DeliveryRow.webhook_id == row.id)
        rows, more = pages.page(session, query, DeliveryRow, limit, paging.decode(cursor))
    items = [Delivery.model_validate(row, from_attributes=True) for row in rows]
    return Deliveries(items=items, next_cursor=paging.next_cursor(rows, more))


@router.post(
    "/{webhook_id}/replay",
    status_code=202,
    summary="Be told again",
    responses=problems.documented(WebhookNotFound, RequestValidationError),
)
def replay(webhook_id: str, body: Replay, database: DatabaseDep, owner: OwnerDep) -> Replayed:
    """Every end since then, once more, whether it was told or not."""
    with database.writing() as session:
        row = webhooks.get(session, webhook_id, owner)
        return Replayed(events=webhooks.replay(session, row, body.since))
