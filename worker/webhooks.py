"""Delivery of webhooks: signed as in Standard Webhooks, to public addresses only (SSRF protection)."""

from __future__ import annotations

import ipaddress
import json
import logging
import socket
import ssl
import threading
from collections.abc import Iterable, Sequence
from typing import Any

import httpcore
from standardwebhooks import Webhook

from db import webhooks
from db.engine import Database
from db.rows import DeliveryRow, WebhookRow
from db.types import utc_now

log = logging.getLogger(__name__)

POLL_S = 1.0
TIMEOUTS_S = {"connect": 5.0, "read": 15.0, "write": 15.0, "pool": 5.0}
HTTP_GONE = 410
NETWORK_ERRORS = (
    *(httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException),
    OSError,
)


class AddressRefused(httpcore.ConnectError):
    """The host resolves to an address that is not public."""


class GuardedBackend(httpcore.NetworkBackend):
    """Connect to the very address that was checked, so that a second DNS answer cannot replace it."""

    def __init__(self, anywhere: bool) -> None:
        self._backend, self._anywhere = httpcore.SyncBackend(), anywhere

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the address that was checked."""
        address = self._resolve(host, port)
        return self._backend.connect_tcp(address, port, timeout, local_address, socket_options)

    def sleep(self, seconds: float) -> None:
        """Sleep between attempts to connect."""
        self._backend.sleep(seconds)

    def _resolve(self, host: str, port: int) -> str:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} cannot be resolved: {error}") from error
        addresses = [str(entry[4][0]) for entry in found]
        if not self._anywhere:
            check_public(host, addresses)
        return addresses[0]


def check_public(host: str, addresses: Sequence[str]) -> None:
    """Raise ``AddressRefused`` unless all addresses of the host are public."""
    if not all(map(is_public, addresses)):
        raise AddressRefused(f"{host} resolves to an address that is not public")


def is_public(address: str) -> bool:
    """Return whether an address is global, an IPv4 address that it contains (mapped, 6to4) included."""
    outer = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(outer, "ipv4_mapped", None) or getattr(outer, "sixtofour", None) or outer
    return outer.is_global and inner.is_global and not outer.is_multicast


class WebhookSender:
    """A thread of the relay that delivers what is due."""

    def __init__(self, database: Database, anywhere: bool) -> None:
        self.database, self.anywhere = database, anywhere
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(), network_backend=GuardedBackend(anywhere)
        )

    def run(self, stop: threading.Event) -> None:
        """Work until ``stop`` is set."""
        while not stop.is_set():
            try:
                attempts = self.step()
            except Exception:
                log.exception("webhooks could not be delivered; trying again")
                attempts = 0
            if not attempts:
                stop.wait(POLL_S)

    def step(self) -> int:
        """Deliver what is due now; return the number of attempts."""
        with self.database.writing() as session:
            claimed = webhooks.claim_due(session, now=utc_now())
        for delivery, webhook in claimed:
            self._deliver(delivery, webhook)
        return len(claimed)

    def _deliver(self, delivery: DeliveryRow, webhook: WebhookRow) -> None:
        try:
            status = self._send(delivery, webhook)
            outcome, delivered = f"answered {status}", 200 <= status < 300
        except NETWORK_ERRORS as error:
            status, outcome, delivered = 0, f"{type(error).__name__}: {error}"[:500], False
        if not delivered:
            log.warning("webhook=%s attempt=%d %s", webhook.id, delivery.attempts, outcome)
        with self.database.writing() as session:
            webhooks.record_attempt(session, delivery, outcome, delivered)
            if status == HTTP_GONE:
                webhooks.remove(session, session.get_one(WebhookRow, webhook.id), actor="relay")

    def _send(self, delivery: DeliveryRow, webhook: WebhookRow) -> int:
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
        with self._pool.stream(
            "POST", webhook.url, headers=headers, content=body.encode(), extensions={"timeout": TIMEOUTS_S}
        ) as answer:
            return answer.status
