"""The API wakes a worker for each job; what it cannot send, the relay sends."""

import pytest
from celery import Celery
from support.jobs import do, query, submit
from support.servers import free_port

from api.wake_ups import WakeUps
from db import clock, outbox
from worker.broker import queue_length


@pytest.fixture
def celery(redis_server) -> Celery:
    """A Celery app on an empty queue of a real Redis."""
    app = Celery("test", broker=redis_server, set_as_current=False)
    with app.connection_or_acquire() as connection:
        connection.default_channel.client.flushdb()
    return app


def due(database) -> list[str]:
    with database.reading() as session:
        return [job for _, job in outbox.due(session)]


def test_published_job_has_a_message_and_none_of_the_relay(database, redis_server, celery):
    wake_ups = WakeUps(redis_server, database)
    assert wake_ups.ready()
    wake_ups.send(submit(database, published=True))
    assert (queue_length(celery), due(database)) == (1, [])


def test_messages_are_limited(sqlite_database, redis_server, celery):
    wake_ups, job = WakeUps(redis_server, sqlite_database), submit(sqlite_database, published=True)
    for _ in range(outbox.MAX_WAITING + 3):
        wake_ups.send(job)
    assert (queue_length(celery), due(sqlite_database)) == (outbox.MAX_WAITING, [])


def test_relay_publishes_while_the_broker_does_not_answer(database):
    wake_ups = WakeUps(f"redis://127.0.0.1:{free_port()}/0", database)
    job = submit(database, published=True)
    wake_ups.send(job)
    assert due(database) == [job]
    assert not wake_ups.ready()


def test_message_of_a_killed_process_is_sent_by_the_relay(database):
    """It was accepted as published, and the process ended before it sent the message."""
    job = submit(database, published=True)
    assert due(database) == []
    later = query(database, clock.now) + 2 * outbox.RESEND_AFTER
    assert do(database, outbox.resend_lost, later) == 1
    assert due(database) == [job]


def test_without_a_broker_the_relay_publishes(sqlite_database):
    assert not WakeUps("", sqlite_database).ready()
