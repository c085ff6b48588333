"""The relay publishes due jobs, whatever happens to the broker and the database."""

import threading
from datetime import timedelta

import psycopg
import pytest
from celery import Celery
from sqlalchemy import text
from support.jobs import LEASE, submit
from support.servers import free_port, redis_server, wait_until  # noqa: F401

from db import claims, job_transitions, outbox
from db.change_detector import ChangeDetector
from db.engine import Database
from db.job_queue import CHANNEL
from db.migrate import migrate
from db.types import utc_now
from worker.broker import queue_length
from worker.relay import Relay


@pytest.fixture
def celery(request) -> Celery:
    """A Celery app on an empty queue of a real Redis."""
    app = Celery("test", broker=request.getfixturevalue("redis_server"), set_as_current=False)
    app.conf.task_default_queue = "registrations"
    with app.connection_or_acquire() as connection:
        connection.default_channel.client.flushdb()
    return app


def due(database, later: timedelta = timedelta(0)) -> list[str]:
    with database.reading() as session:
        return [job for _, job in outbox.due(session, now=utc_now() + later)]


def test_due_job_is_published_once(database, celery):
    submit(database), submit(database)
    relay = Relay(database, celery)
    relay.publish_due()
    relay.publish_due()
    assert queue_length(celery) == 2
    assert due(database) == []


def test_messages_are_limited_and_the_other_jobs_stay_due(database, celery, monkeypatch):
    monkeypatch.setattr(outbox, "MAX_WAITING", 2)
    for _ in range(5):
        submit(database)
    relay = Relay(database, celery)
    relay.publish_due()
    relay.publish_due()
    assert (queue_length(celery), len(due(database))) == (2, 3)
    with celery.connection_or_acquire() as connection:
        connection.default_channel.client.delete(outbox.QUEUE)  # workers have received them
    wait_until(lambda: relay.publish_due() or len(due(database)) == 1, "further messages")


def test_job_of_another_process_is_published(database, database_url, celery):
    relay = Relay(database, celery)
    relay.publish_due()
    other = Database(database_url)
    submit(other)
    other.close()
    wait_until(lambda: relay.publish_due() or queue_length(celery) == 1, "the message")
    relay.publish_due()
    assert queue_length(celery) == 1


def test_job_stays_due_while_the_broker_is_unavailable(database):
    job = submit(database)
    unreachable = Celery("test", broker=f"redis://127.0.0.1:{free_port()}/0", set_as_current=False)
    unreachable.conf.task_publish_retry = False
    unreachable.conf.broker_transport_options = {"max_retries": 0}
    with pytest.raises(Exception, match="refused"):
        Relay(database, unreachable).publish_due()
    assert due(database) == [job]


def test_retried_job_becomes_due_without_a_write(database, celery):
    job, relay = submit(database), Relay(database, celery)
    with database.writing() as session:
        claim = claims.claim_job(session, job, "w1", LEASE)
        now = utc_now()
        job_transitions.retry(session, claim, "engine-failed", "no answer", now)
    relay.publish_due()
    assert queue_length(celery) == 0 or utc_now() > now + job_transitions.INITIAL_BACKOFF
    wait_until(lambda: relay.publish_due() or queue_length(celery) == 1, "the message")


def test_unchanged_database_is_not_queried(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'xebra.sqlite'}")
    migrate(database)
    changes = ChangeDetector(database, 3600, CHANNEL)
    assert [changes.poll() for _ in range(3)] == [True, False, False]
    submit(database)
    assert [changes.poll() for _ in range(3)] == [True, False, False]
    database.close()


def test_postgresql_notifies_and_is_queried_after_a_lost_connection(new_postgres_url):
    database = Database(new_postgres_url())
    migrate(database)
    changes = ChangeDetector(database, 3600, CHANNEL)
    assert [changes.poll() for _ in range(3)] == [True, False, False]
    threading.Timer(0.2, submit, (database,)).start()
    assert changes.poll(wait_s=60)
    with database.writing() as session:
        session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE query LIKE 'LISTEN%' AND datname = current_database()"
            )
        )
    with pytest.raises(psycopg.OperationalError):
        changes.poll(wait_s=60)
    assert changes.poll()
    changes.close()
    database.close()


def test_relay_stops_on_request(database, celery):
    stop = threading.Event()
    thread = threading.Thread(target=Relay(database, celery).run, args=(stop,))
    thread.start()
    stop.set()
    thread.join(60)
    assert not thread.is_alive()
