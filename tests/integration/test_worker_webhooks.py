"""Webhooks arrive signed, come again until they are taken, and never reach into the facility."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from sqlalchemy import select
from standardwebhooks import Webhook, WebhookVerificationError
from test_db_jobs import LEASE, RESULT, do, submit

from db import claims, job_transitions, webhooks
from db.errors import WebhookNotFound
from db.rows import LOCAL, DeliveryRow
from db.types import utc_now
from worker.webhooks import WebhookSender


class Receiver(HTTPServer):
    """Keeps what it is sent and answers as it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.received: list[tuple[dict, bytes]] = []
        self.answers: list[int] = []
        self.url = f"http://127.0.0.1:{self.server_port}/hook"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((dict(self.headers), body))
        status = self.server.answers.pop(0) if self.server.answers else 204
        self.send_response(status)
        self.send_header("Location", self.server.url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def end_a_job(database) -> str:
    job = submit(database)
    do(database, job_transitions.finish, do(database, claims.claim_next, "w1", LEASE), RESULT, "key")
    return job


def make_due(database) -> None:
    with database.writing() as session:
        for row in session.scalars(select(DeliveryRow).where(DeliveryRow.due_at.is_not(None))):
            row.due_at = utc_now() - timedelta(seconds=1)


def deliveries(database) -> list[DeliveryRow]:
    with database.reading() as session:
        return list(session.scalars(select(DeliveryRow)))


def test_the_end_of_a_job_is_told_once_and_signed(database, receiver):
    hook = do(database, webhooks.add, LOCAL, receiver.url, "tester")
    do(database, webhooks.add, "another", receiver.url, "tester")
    job = end_a_job(database)
    teller = WebhookSender(database, anywhere=True)
    assert [teller.step(), teller.step()] == [1, 0]
    [(headers, body)] = receiver.received
    said = Webhook(hook.secret).verify(body, headers)
    assert said["type"] == "registration.succeeded" and said["data"]["registration_id"] == job
    with pytest.raises(WebhookVerificationError):
        Webhook(hook.secret).verify(body.replace(b"succeeded", b"cancelled"), headers)


def test_what_is_not_taken_comes_again_later_each_time_and_is_given_up_after_days(database, receiver):
    do(database, webhooks.add, LOCAL, receiver.url, "tester")
    end_a_job(database)
    teller, tries = WebhookSender(database, anywhere=True), len(webhooks.RETRY_DELAYS) + 1
    receiver.answers = [500, 302, *[503] * tries]
    pauses = []
    for _ in range(tries):
        assert teller.step() == 1
        [delivery] = deliveries(database)
        pauses.append(delivery.due_at - utc_now() if delivery.due_at else None)
        make_due(database)
    assert teller.step() == 0 and pauses.pop() is None
    assert pauses == sorted(pauses) and sum(pauses, timedelta()) > timedelta(days=3)
    assert len({headers["webhook-id"] for headers, _ in receiver.received}) == 1
    assert deliveries(database)[0].outcome == "answered 503"


def test_who_is_gone_is_not_called_again(database, receiver):
    hook = do(database, webhooks.add, LOCAL, receiver.url, "tester")
    end_a_job(database)
    receiver.answers = [410]
    WebhookSender(database, anywhere=True).step()
    end_a_job(database)
    assert WebhookSender(database, anywhere=True).step() == 0
    with database.reading() as session, pytest.raises(WebhookNotFound):
        webhooks.get(session, hook.id, LOCAL)


def test_what_has_ended_is_told_again_on_demand(database, receiver):
    hook = do(database, webhooks.add, LOCAL, receiver.url, "tester")
    end_a_job(database)
    teller = WebhookSender(database, anywhere=True)
    teller.step()
    assert do(database, webhooks.replay, hook, utc_now() - timedelta(hours=1)) == 1
    assert teller.step() == 1
    assert len(receiver.received) == 2


@pytest.mark.parametrize(
    "name", ["http://127.0.0.1", "https://localhost", "https://127.0.0.1", "https://[::1]"]
)
def test_nobody_is_sent_into_the_facility(database, receiver, name):
    do(database, webhooks.add, LOCAL, f"{name}:{receiver.server_port}/hook", "tester")
    end_a_job(database)
    assert WebhookSender(database, anywhere=False).step() == 1
    [delivery] = deliveries(database)
    assert delivery.outcome.startswith("AddressRefused") and delivery.delivered_at is None
    assert receiver.received == []
