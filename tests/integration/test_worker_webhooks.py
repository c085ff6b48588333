"""Webhooks are signed, retried until they are accepted, and never sent to private addresses."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook, WebhookVerificationError
from support.jobs import RESULT, claim_next, do, submit

from db import job_transitions, webhooks
from db.errors import WebhookNotFound
from db.rows import LOCAL, DeliveryRow
from db.types import utc_now
from worker.webhooks import AddressRefused, WebhookSender, check_public, is_public


class Receiver(HTTPServer):
    """A server that records requests and answers with given statuses, 204 by default."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.received: list[tuple[dict, bytes]] = []
        self.statuses: list[int] = []
        self.url = f"http://127.0.0.1:{self.server_port}/hook"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((dict(self.headers), body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 204)
        self.send_header("Location", self.server.url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def finish_a_job(database) -> str:
    job = submit(database)
    do(database, job_transitions.finish, claim_next(database), RESULT, "key")
    return job


def make_due(database) -> None:
    with database.writing() as session:
        for row in session.scalars(select(DeliveryRow).where(DeliveryRow.due_at.is_not(None))):
            row.due_at = utc_now() - timedelta(seconds=1)


def deliveries(database) -> list[DeliveryRow]:
    with database.reading() as session:
        return list(session.scalars(select(DeliveryRow)))


def test_end_of_a_job_is_delivered_once_and_signed(database, receiver):
    hook = do(database, webhooks.add, LOCAL, receiver.url, "tester")
    do(database, webhooks.add, "another", receiver.url, "tester")
    job = finish_a_job(database)
    sender = WebhookSender(database, anywhere=True)
    assert [sender.step(), sender.step()] == [1, 0]
    [(headers, body)] = receiver.received
    event = Webhook(hook.secret).verify(body, headers)
    assert event["type"] == "registration.succeeded" and event["data"]["registration_id"] == job
    with pytest.raises(WebhookVerificationError):
        Webhook(hook.secret).verify(body.replace(b"succeeded", b"cancelled"), headers)


def test_rejected_delivery_is_retried_with_growing_delays_for_three_days(database, receiver):
    do(database, webhooks.add, LOCAL, receiver.url, "tester")
    finish_a_job(database)
    sender, attempts = WebhookSender(database, anywhere=True), len(webhooks.RETRY_DELAYS) + 1
    receiver.statuses = [500, 302, *[503] * attempts]
    delays = []
    for _ in range(attempts):
        assert sender.step() == 1
        [delivery] = deliveries(database)
        delays.append(delivery.due_at - utc_now() if delivery.due_at else None)
        make_due(database)
    assert sender.step() == 0 and delays.pop() is None
    assert delays == sorted(delays) and sum(delays, timedelta()) > timedelta(days=3)
    assert len({headers["webhook-id"] for headers, _ in receiver.received}) == 1
    assert deliveries(database)[0].outcome == "answered 503"


def test_webhook_that_is_gone_is_removed(database, receiver):
    hook = do(database, webhooks.add, LOCAL, receiver.url, "tester")
    finish_a_job(database)
    receiver.statuses = [410]
    WebhookSender(database, anywhere=True).step()
    finish_a_job(database)
    assert WebhookSender(database, anywhere=True).step() == 0
    with database.reading() as session, pytest.raises(WebhookNotFound):
        webhooks.get(session, hook.id, LOCAL)


def test_replay_delivers_past_events_again(database, receiver):
    hook = do(database, webhooks.add, LOCAL, receiver.url, "tester")
    finish_a_job(database)
    sender = WebhookSender(database, anywhere=True)
    sender.step()
    assert do(database, webhooks.replay, hook, utc_now() - timedelta(hours=1)) == 1
    assert sender.step() == 1
    assert len(receiver.received) == 2


@pytest.mark.parametrize(
    "name", ["http://127.0.0.1", "https://localhost", "https://127.0.0.1", "https://[::1]"]
)
def test_private_address_is_refused(database, receiver, name):
    do(database, webhooks.add, LOCAL, f"{name}:{receiver.server_port}/hook", "tester")
    finish_a_job(database)
    assert WebhookSender(database, anywhere=False).step() == 1
    [delivery] = deliveries(database)
    assert delivery.outcome.startswith("AddressRefused") and delivery.delivered_at is None
    assert receiver.received == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("2002:808:808::1", True),  # 6to4 of 8.8.8.8
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),  # metadata of cloud providers
        ("100.64.0.1", False),  # carrier-grade NAT
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff0e::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("2002:a00:1::1", False),  # 6to4 of 10.0.0.1
        ("2002:7f00:1::1", False),
    ],
)
def test_public_addresses(address, public):
    assert is_public(address) == public


@pytest.mark.parametrize("addresses", [["8.8.8.8", "10.0.0.1"], ["10.0.0.1", "8.8.8.8"], ["10.0.0.1"]])
def test_host_with_a_private_address_among_public_ones_is_refused(addresses):
    with pytest.raises(AddressRefused, match="not public"):
        check_public("host.example", addresses)
    check_public("host.example", ["8.8.8.8", "1.1.1.1"])
