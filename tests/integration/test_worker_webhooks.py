"""Webhooks are signed, retried until they are accepted, and never sent to private addresses."""

from __future__ import annotations

import contextlib
import socketserver
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from sqlalchemy import select, update
from standardwebhooks import Webhook, WebhookVerificationError
from support.jobs import RESULT, claim_next, do, submit
from support.servers import wait_until

from db import deliveries, events, job_transitions, webhooks
from db.errors import QuotaExceeded, WebhookNotFound
from db.rows import LOCAL, AuditRow, DeliveryRow, EventRow, WebhookRow
from db.types import utc_now
from worker import webhooks as sending
from worker.webhook_network import AddressRefused, check_public, is_public
from worker.webhooks import WebhookSender


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


def finish_a_job(database, owner: str = LOCAL) -> str:
    job = submit(database, owner)
    do(database, job_transitions.finish, claim_next(database), RESULT)
    return job


def make_due(database) -> None:
    with database.writing() as session:
        for row in session.scalars(select(DeliveryRow).where(DeliveryRow.due_at.is_not(None))):
            row.due_at = utc_now() - timedelta(seconds=1)
        session.execute(update(WebhookRow).values(paused_until=None))


def rows(database) -> list[DeliveryRow]:
    """Return all deliveries, each with the owner of its webhook."""
    query = select(DeliveryRow, WebhookRow.owner).join(WebhookRow, WebhookRow.id == DeliveryRow.webhook_id)
    with database.reading() as session:
        found = session.execute(query).all()
    for row, owner in found:
        row.owner = owner
    return [row for row, _ in found]


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
    sender, attempts = WebhookSender(database, anywhere=True), len(deliveries.RETRY_DELAYS) + 1
    receiver.statuses = [500, 302, *[503] * attempts]
    delays = []
    for _ in range(attempts):
        assert sender.step() == 1
        [delivery] = rows(database)
        delays.append(delivery.due_at - utc_now() if delivery.due_at else None)
        make_due(database)
    assert sender.step() == 0 and delays.pop() is None
    assert delays == sorted(delays) and sum(delays, timedelta()) > timedelta(days=3)
    assert len({headers["webhook-id"] for headers, _ in receiver.received}) == 1
    assert rows(database)[0].outcome == "answered 503"


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
    assert replay(database, hook, utc_now() - timedelta(hours=1)) == 1
    assert sender.step() == 1
    first, second = (headers["webhook-id"] for headers, _ in receiver.received)
    assert first == second  # by which a receiver recognizes the repetition
    assert replay(database, hook, utc_now() + timedelta(hours=1)) == 0


def replay(database, hook: WebhookRow, since: datetime) -> int:
    with database.writing() as session:
        return webhooks.replay(session, session.get_one(WebhookRow, hook.id), since)


def test_receiver_that_drips_delays_nobody(database, receiver, monkeypatch):
    """It sends a byte of a header every 0.1 s; the deadline is that of the whole response."""
    monkeypatch.setattr(sending, "DEADLINE_S", 2.0)
    with dripping() as url:
        do(database, webhooks.add, "slow", url, "tester")
        do(database, webhooks.add, LOCAL, receiver.url, "tester")
        for _ in range(3):
            finish_a_job(database, "slow")
        finish_a_job(database)
        stop, started = threading.Event(), time.monotonic()
        thread = threading.Thread(target=WebhookSender(database, anywhere=True).run, args=(stop,))
        thread.start()
        wait_until(lambda: len(receiver.received) == 1, "the delivery", 10)
        assert time.monotonic() - started < 2
        wait_until(lambda: outcomes(database, "slow") != set(), "the deadline", 10)
        assert time.monotonic() - started < 8
        stop.set()
        thread.join()
    assert outcomes(database, "slow") == {"TimeoutError: no response within 2 s"}


def outcomes(database, owner: str) -> set[str]:
    return {row.outcome for row in rows(database) if row.owner == owner and row.outcome}


class Dripping(socketserver.BaseRequestHandler):
    """It never ends the headers of its response."""

    def handle(self) -> None:
        self.request.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        with contextlib.suppress(ConnectionError):
            while True:
                self.request.sendall(b"a")
                time.sleep(0.1)


@contextlib.contextmanager
def dripping() -> Iterator[str]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Dripping) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/hook"
        server.shutdown()


def test_endpoints_and_owners_share_the_sender(database, receiver):
    """However many deliveries one owner has, another's is claimed in the same pass."""
    for _ in range(webhooks.MAX_ENDPOINTS):
        do(database, webhooks.add, "loud", receiver.url, "tester")
    do(database, webhooks.add, LOCAL, receiver.url, "tester")
    for _ in range(5):
        finish_a_job(database, "loud")
    finish_a_job(database)
    assert do(database, deliveries.queue_new) == 5 * webhooks.MAX_ENDPOINTS + 1
    claimed = do(database, deliveries.claim_due, sending.TOTAL)
    owners = Counter(hook.owner for _, hook in claimed)
    assert owners == {"loud": deliveries.PER_OWNER, LOCAL: 1}
    assert max(Counter(hook.id for _, hook in claimed).values()) <= deliveries.PER_ENDPOINT
    assert do(database, deliveries.claim_due, sending.TOTAL, claimed) == []


def test_failing_endpoint_is_paused_then_disabled_with_a_notice(database, receiver):
    hook = do(database, webhooks.add, LOCAL, receiver.url, "tester")
    for _ in range(deliveries.FAILURES_BEFORE_PAUSE + 1):
        finish_a_job(database)
    receiver.statuses = [500] * 20
    sender = WebhookSender(database, anywhere=True)
    while sender.step():
        pass
    assert len(receiver.received) == deliveries.FAILURES_BEFORE_PAUSE + 1  # two at a time
    state = endpoint(database, hook)
    assert state.paused_until > utc_now() and state.disabled_at is None
    with database.writing() as session:
        old = utc_now() - deliveries.DISABLED_AFTER
        session.execute(update(WebhookRow).values(failing_since=old))
    make_due(database)
    assert sender.step() == 1  # a trial, one at a time
    assert endpoint(database, hook).disabled_at is not None
    assert {row.due_at for row in rows(database)} == {None}
    with database.reading() as session:
        assert "webhook.disabled" in session.scalars(select(AuditRow.event)).all()
    finish_a_job(database)
    assert sender.step() == 0
    with database.writing() as session:
        webhooks.enable(session, session.get_one(WebhookRow, hook.id), "tester")
    receiver.statuses = []
    finish_a_job(database)
    assert sender.step() == 1 and endpoint(database, hook).failing_since is None


def endpoint(database, hook: WebhookRow) -> WebhookRow:
    with database.reading() as session:
        return session.get_one(WebhookRow, hook.id)


def test_number_of_endpoints_is_limited(database, receiver):
    for _ in range(webhooks.MAX_ENDPOINTS):
        do(database, webhooks.add, LOCAL, receiver.url, "tester")
    with pytest.raises(QuotaExceeded, match="delete one"):
        do(database, webhooks.add, LOCAL, receiver.url, "tester")
    do(database, webhooks.add, "another", receiver.url, "tester")


def test_event_is_published_without_work_for_the_endpoints(database, receiver):
    """Deliveries are queued by the sender, not under the lock of the audit log, and not all at once."""
    do(database, webhooks.add, LOCAL, receiver.url, "tester")
    with database.writing() as session:
        first = events.latest_seq(session) + 1
        for number in range(deliveries.MAX_PENDING + 1):
            event = EventRow(seq=first + number, owner=LOCAL, registration_id="r", state="cancelled")
            event.attempt, event.at = 0, utc_now()
            session.add(event)
    assert rows(database) == []
    for _ in range(5):
        do(database, deliveries.queue_new)
    assert len(rows(database)) == deliveries.MAX_PENDING


@pytest.mark.parametrize(
    "name", ["http://127.0.0.1", "https://localhost", "https://127.0.0.1", "https://[::1]"]
)
def test_private_address_is_refused(database, receiver, name):
    do(database, webhooks.add, LOCAL, f"{name}:{receiver.server_port}/hook", "tester")
    finish_a_job(database)
    assert WebhookSender(database, anywhere=False).step() == 1
    [delivery] = rows(database)
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
        ("64:ff9b::808:808", True),  # NAT64 of 8.8.8.8
        ("64:ff9b::a00:1", False),  # NAT64 of 10.0.0.1
        ("64:ff9b::a9fe:a9fe", False),  # NAT64 of 169.254.169.254
        ("64:ff9b:1::808:808", False),  # local-use NAT64
        ("::7f00:1", False),  # IPv4-compatible, deprecated
    ],
)
def test_public_addresses(address, public):
    assert is_public(address) == public


@pytest.mark.parametrize("addresses", [["8.8.8.8", "10.0.0.1"], ["10.0.0.1", "8.8.8.8"], ["10.0.0.1"]])
def test_host_with_a_private_address_among_public_ones_is_refused(addresses):
    with pytest.raises(AddressRefused, match="not public"):
        check_public("host.example", addresses)
    check_public("host.example", ["8.8.8.8", "1.1.1.1"])
