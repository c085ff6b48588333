"""Routes below /api/v1/webhooks."""

from __future__ import annotations

from fastapi import APIRouter, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy import select

from api import paging, problems
from api.dependencies import DatabaseDep, IdentityDep, OwnerDep, SettingsDep
from api.errors import CursorInvalid, WebhookUnsafe
from api.paging import CursorQuery, LimitQuery
from api.webhooks.schemas import (
    CreatedWebhook,
    Delivery,
    DeliveryPage,
    NewWebhook,
    ReplayRequest,
    ReplayResult,
    Webhook,
    Webhooks,
)
from db import pages, webhooks
from db.errors import WebhookNotFound
from db.rows import DeliveryRow

PATH = "/api/v1/webhooks"
router = APIRouter(prefix=PATH, tags=["webhooks"])


@router.post(
    "",
    status_code=201,
    summary="Create webhook endpoint",
    responses=problems.documented(RequestValidationError, WebhookUnsafe),
)
def create_webhook(
    body: NewWebhook, database: DatabaseDep, settings: SettingsDep, identity: IdentityDep, response: Response
) -> CreatedWebhook:
    """Deliver the end of each registration, signed as in Standard Webhooks, with retries for three days.

    A receiver must respond within 10 s. An endpoint is paused for up to an hour after five failures in a row,
    and disabled after five days without a success.
    """
    if body.url.scheme != "https" and not settings.webhooks_anywhere:
        raise WebhookUnsafe("the URL of a webhook must start with https://")
    with database.writing() as session:
        row = webhooks.add(session, identity.owner, str(body.url), identity.actor)
    response.headers["Location"] = f"{PATH}/{row.id}"
    return CreatedWebhook.model_validate(row, from_attributes=True)


@router.get("", summary="List webhook endpoints", responses=problems.documented())
def list_webhooks(database: DatabaseDep, owner: OwnerDep) -> Webhooks:
    """Return all webhook endpoints, oldest first."""
    with database.reading() as session:
        rows = webhooks.list_active(session, owner)
    return Webhooks(items=[Webhook.model_validate(row, from_attributes=True) for row in rows])


@router.delete(
    "/{webhook_id}",
    status_code=204,
    summary="Delete webhook endpoint",
    responses=problems.documented(WebhookNotFound),
)
def delete_webhook(webhook_id: str, database: DatabaseDep, identity: IdentityDep) -> None:
    """Delete the endpoint and drop its pending deliveries."""
    with database.writing() as session:
        webhooks.remove(session, webhooks.get(session, webhook_id, identity.owner), identity.actor)


@router.post(
    "/{webhook_id}/enable", summary="Enable webhook endpoint", responses=problems.documented(WebhookNotFound)
)
def enable_webhook(webhook_id: str, database: DatabaseDep, identity: IdentityDep) -> Webhook:
    """Enable an endpoint that was disabled or paused after failures. A replay delivers what it missed."""
    with database.writing() as session:
        row = webhooks.get(session, webhook_id, identity.owner)
        webhooks.enable(session, row, identity.actor)
        return Webhook.model_validate(row, from_attributes=True)


@router.get(
    "/{webhook_id}/deliveries",
    summary="List webhook deliveries",
    responses=problems.documented(WebhookNotFound, RequestValidationError, CursorInvalid),
)
def list_webhook_deliveries(
    webhook_id: str,
    database: DatabaseDep,
    owner: OwnerDep,
    limit: LimitQuery = 50,
    cursor: CursorQuery = None,
) -> DeliveryPage:
    """Return the deliveries, newest first."""
    with database.reading() as session:
        webhook = webhooks.get(session, webhook_id, owner)
        query = select(DeliveryRow).where(DeliveryRow.webhook_id == webhook.id)
        rows, more = pages.page(session, query, DeliveryRow, limit, paging.decode(cursor))
    items = [Delivery.model_validate(row, from_attributes=True) for row in rows]
    return DeliveryPage(items=items, next_cursor=paging.next_cursor(rows, more))


@router.post(
    "/{webhook_id}/replay",
    status_code=202,
    summary="Replay webhook events",
    responses=problems.documented(WebhookNotFound, RequestValidationError),
)
def replay_webhook(
    webhook_id: str, body: ReplayRequest, database: DatabaseDep, owner: OwnerDep
) -> ReplayResult:
    """Deliver all registrations that have ended since a time again, whether delivered before or not.

    An event keeps its `webhook-id`, by which receivers recognize repetitions.
    """
    with database.writing() as session:
        row = webhooks.get(session, webhook_id, owner)
        return ReplayResult(events=webhooks.replay(session, row, body.since))
