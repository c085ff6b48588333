"""The relay tells the workers what is due, however the broker and the database behave."""

import threading
from datetime import timedelta

import psycopg
import pytest
from celery import Celery
from support.servers import free_port, redis_server, wait_until  # noqa: F401
from sqlalchemy import text
from test_db_jobs import LEASE, submit

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
    """An app on an empty queue of a real Redis."""
    app = Celery("test", broker=request.getfixturevalue("redis_server"), set_as_current=False)
    app.conf.task_default_queue = "registrations"
    with app.connection_or_acquire() as connection:
        connection.default_channel.client.flushdb()
    return app


def due(database, later: timedelta = timedelta(0)) -> list[str]:
    with database.reading() as session:
        return [job for _, job in outbox.due(session, now=utc_now() + later)]


def test_what_is_due_is_sent_once(database, celery):
    submit(database), submit(database)
    relay = Relay(database, celery)
    relay.publish_due()
    relay.publish_due()
    assert queue_length(celery) == 2
    assert due(database) == []


def test_a_job_submitted_by_another_process_is_seen_at_the_next_look(database, database_url, celery):
    relay = Relay(database, celery)
    relay.publish_due()
    other = Database(database_url)
    submit(other)
    other.close()
    wait_until(lambda: relay.publish_due() or queue_length(celery) == 1, "the call")
    relay.publish_due()
    assert queue_length(celery) == 1


def test_what_a_broker_that_is_away_did_not_take_stays_due(database):
    job = submit(database)
    nobody = Celery("test", broker=f"redis://127.0.0.1:{free_port()}/0", set_as_current=False)
    nobody.conf.task_publish_retry = False
    nobody.conf.broker_transport_options = {"max_retries": 0}
    with pytest.raises(Exception, match="refused"):
        Relay(database, nobody).publish_due()
    assert due(database) == [job]


def test_a_job_that_is_tried_again_is_due_though_nobody_writes_in_the_meantime(database, celery):
    job, relay = submit(database), Relay(database, celery)
    with database.writing() as session:
        claim = claims.claim_job(session, job, "w1", LEASE)
        now = utc_now()
        job_transitions.retry(session, claim, "engine-failed", "no answer", now)
    relay.publish_due()
    assert queue_length(celery) == 0 or utc_now() > now + job_transitions.INITIAL_BACKOFF
    wait_until(lambda: relay.publish_due() or queue_length(celery) == 1, "the call")


def test_a_quiet_database_is_not_asked_again(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'xebra.sqlite'}")
    migrate(database)
    changes = ChangeDetector(database, 3600, CHANNEL)
    assert [changes.poll() for _ in range(3)] == [True, False, False]
    submit(database)
    assert [changes.poll() for _ in range(3)] == [True, False, False]
    database.close()


def test_postgresql_tells_at_once_and_is_asked_again_after_a_restart(new_postgres_url):
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


def test_the_relay_stops_when_it_is_told_to(database, celery):
    stop = threading.Event()
    thread = threading.Thread(target=Relay(database, celery).run, args=(stop,))
    thread.start()
    stop.set()
    thread.join(60)
    assert not thread.is_alive()
