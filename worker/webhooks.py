"""Delivery of webhooks: signed as in Standard Webhooks, many at a time, each with a deadline."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import httpcore
from standardwebhooks import Webhook

from db import deliveries, webhooks
from db.deliveries import Claimed
from db.engine import Database
from db.rows import DeliveryRow, WebhookRow
from db.types import utc_now
from worker.webhook_network import AddressRefused, GuardedBackend

log = logging.getLogger(__name__)

POLL_S = 1.0
TOTAL = 64  # deliveries at the same time
DEADLINE_S = 10.0  # of one attempt, from the look-up of the address to the end of the response's headers
HTTP_GONE = 410
DATABASE_THREADS = 2
NETWORK_ERRORS = (
    *(httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException),
    *(OSError, TimeoutError),
)
T = TypeVar("T")


class WebhookSender:
    """A thread of the relay that queues new events for the endpoints and delivers what is due."""

    def __init__(self, database: Database, anywhere: bool) -> None:
        self.database, self.anywhere = database, anywhere
        self._threads = ThreadPoolExecutor(DATABASE_THREADS, "webhooks")
        self._ssl_context = ssl.create_default_context()

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set."""
        asyncio.run(self._run(stop))

    def step(self) -> int:
        """Deliver what is due now; return the number of attempts."""
        return asyncio.run(self._step())

    async def _step(self) -> int:
        claimed = await self._in_thread(self._claim, [])
        async with self._connections() as pool:
            await asyncio.gather(*(self._deliver(pool, *one) for one in claimed))
        return len(claimed)

    async def _run(self, stop: threading.Event) -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(TOTAL, "resolver"))
        running: dict[asyncio.Task[None], Claimed] = {}
        async with self._connections() as pool:
            while not stop.is_set():
                for one in await self._claim_safely([*running.values()]):
                    running[asyncio.create_task(self._deliver(pool, *one))] = one
                if not running:
                    await asyncio.sleep(POLL_S)
                    continue
                done, _ = await asyncio.wait(running, timeout=POLL_S, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    del running[task]
                    if error := task.exception():
                        log.error("a webhook's outcome was not recorded: %s", error)

    async def _claim_safely(self, busy: list[Claimed]) -> list[Claimed]:
        try:
            return await self._in_thread(self._claim, busy)
        except Exception:
            log.exception("webhooks could not be read; trying again")
            return []

    def _claim(self, busy: list[Claimed]) -> list[Claimed]:
        with self.database.reading() as session:
            if not deliveries.any_waiting(session):
                return []
        with self.database.writing() as session:
            deliveries.queue_new(session)
        with self.database.writing() as session:
            return deliveries.claim_due(session, TOTAL - len(busy), busy)

    async def _deliver(
        self, pool: httpcore.AsyncConnectionPool, delivery: DeliveryRow, webhook: WebhookRow
    ) -> None:
        try:
            async with asyncio.timeout(DEADLINE_S):
                status = await self._send(pool, delivery, webhook)
            outcome, delivered = f"answered {status}", 200 <= status < 300
        except NETWORK_ERRORS as error:
            reason = str(error) or f"no response within {DEADLINE_S:g} s"
            status, outcome, delivered = 0, f"{type(error).__name__}: {reason}"[:500], False
        if not delivered:
            log.warning("webhook=%s attempt=%d %s", webhook.id, delivery.attempts, outcome)
        await self._in_thread(self._record, delivery, outcome, delivered, status == HTTP_GONE)

    def _record(self, delivery: DeliveryRow, outcome: str, delivered: bool, gone: bool) -> None:
        with self.database.writing() as session:
            deliveries.record_attempt(session, delivery, outcome, delivered)
            if gone:
                webhooks.remove(session, session.get_one(WebhookRow, delivery.webhook_id), actor="relay")

    async def _send(
        self, pool: httpcore.AsyncConnectionPool, delivery: DeliveryRow, webhook: WebhookRow
    ) -> int:
        """Send the event and return the HTTP status; redirects are not followed."""
        if not self.anywhere and not webhook.url.startswith("https://"):
            raise AddressRefused("only https is allowed")
        body, now = json.dumps(delivery.body, separators=(",", ":")), utc_now()
        headers: dict[str | bytes, str | bytes] = {
            "Content-Type": "application/json",
            "User-Agent": "Xebra",
            "webhook-id": delivery.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(webhook.secret).sign(delivery.id, now, body),
        }
        async with pool.stream("POST", webhook.url, headers=headers, content=body.encode()) as answer:
            return answer.status

    def _connections(self) -> httpcore.AsyncConnectionPool:
        backend = GuardedBackend(self.anywhere)
        return httpcore.AsyncConnectionPool(self._ssl_context, max_connections=TOTAL, network_backend=backend)

    async def _in_thread(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)
