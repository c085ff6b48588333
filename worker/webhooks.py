"""Delivers webhooks, signed after Standard Webhooks, to addresses that are no secret of this network's."""

from __future__ import annotations

import ipaddress
import json
import logging
import socket
import ssl
import threading
from collections.abc import Iterable
from typing import Any

import httpcore
from standardwebhooks import Webhook

from db import webhooks
from db.engine import Database
from db.rows import DeliveryRow, WebhookRow
from db.types import utc_now

log = logging.getLogger(__name__)

LOOK_S = 1.0
PATIENCE = {"connect": 5.0, "read": 15.0, "write": 15.0, "pool": 5.0}
GONE = 410


class AddressRefused(httpcore.ConnectError):
    """The name leads to an address inside the facility, where nobody may be sent from outside."""


class GuardedBackend(httpcore.NetworkBackend):
    """Connects to the very address that was checked, so that no name can lead elsewhere in between."""

    def __init__(self, anywhere: bool) -> None:
        self._plain, self._anywhere = httpcore.SyncBackend(), anywhere

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        address = self._checked(host, port)
        return self._plain.connect_tcp(address, port, timeout, local_address, socket_options)

    def sleep(self, seconds: float) -> None:
        self._plain.sleep(seconds)

    def _checked(self, host: str, port: int) -> str:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} is not known: {error}") from error
        addresses = [entry[4][0] for entry in found]
        if not self._anywhere and not all(map(_public, addresses)):
            raise AddressRefused(f"{host} leads to an address that is not public")
        return addresses[0]


def _public(address: str) -> bool:
    """Neither this machine nor this facility, nor either of them written as an IPv6 address."""
    known = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(known, "ipv4_mapped", None) or getattr(known, "sixtofour", None) or known
    return known.is_global and inner.is_global and not known.is_multicast


class Deliveries:
    """A thread of the relay's."""

    def __init__(self, database: Database, anywhere: bool) -> None:
        self.database, self.anywhere = database, anywhere
        self._pool = httpcore.ConnectionPool(
            ssl_context=ssl.create_default_context(), network_backend=GuardedBackend(anywhere)
        )

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop."""
        while not stop.is_set():
            try:
                done = self.step()
            except Exception:
                log.exception("webhooks could not be delivered; it is tried again")
                done = 0
            if not done:
                stop.wait(LOOK_S)

    def step(self) -> int:
        """Deliver what is due now; how many were tried."""
        with self.database.writing() as session:
            taken = webhooks.take_due(session, now=utc_now())
        for delivery, webhook in taken:
            self._deliver(delivery, webhook)
        return len(taken)

    def _deliver(self, delivery: DeliveryRow, webhook: WebhookRow) -> None:
        try:
            status = self._send(delivery, webhook)
            said, delivered = f"answered {status}", 200 <= status < 300
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError) as error:
            status, said, delivered = 0, f"{type(error).__name__}: {error}"[:500], False
        if not delivered:
            log.warning("webhook=%s attempt=%d %s", webhook.id, delivery.attempts, said)
        with self.database.writing() as session:
            webhooks.settle(session, delivery, said, delivered)
            if status == GONE:
                webhooks.end(session, session.get_one(WebhookRow, webhook.id), actor="relay")

    def _send(self, delivery: DeliveryRow, webhook: WebhookRow) -> int:
        """The status of the answer; redirects are answers like others, nobody follows them."""
        if not self.anywhere and not webhook.url.startswith("https://"):
            raise AddressRefused("only https is allowed")
        body, now = json.dumps(delivery.body, separators=(",", ":")), utc_now()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Xebra",
            "webhook-id": delivery.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(webhook.secret).sign(delivery.id, now, body),
        }
        extensions = {"timeout": PATIENCE}
        with self._pool.stream(
            "POST", webhook.url, headers=headers, content=body.encode(), extensions=extensions
        ) as answer:
            return answer.status
