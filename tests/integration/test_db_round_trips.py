"""The statements of a job: each is a round trip to PostgreSQL; a busy service has hundreds a second."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, select, text
from support.jobs import LEASE, RESULT, claim, do, get, query, submit
from support.servers import wait_until

from db import audit, batches, claims, corrections, job_transitions, jobs, tags
from db.engine import Database, _is_readable
from db.migrate import migrate
from db.rows import RegistrationRow


@pytest.fixture
def postgresql(new_postgres_url) -> Iterator[Database]:
    database = Database(new_postgres_url())
    migrate(database)
    yield database
    database.close()


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Return the statements within the block, besides BEGIN and COMMIT."""
    executed: list[str] = []

    def note(_connection, _cursor, statement, *_) -> None:
        executed.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    yield executed
    event.remove(database.engine, "before_cursor_execute", note)


def test_a_job_is_claimed_and_finished_in_few_round_trips(postgresql):
    job = submit(postgresql)
    request = get(postgresql, job)
    pair = jobs.RegistrationRequest(request.fixed_image_id, request.moving_image_id)
    with statements(postgresql) as submitting:
        do(postgresql, jobs.submit, pair, actor="a", request_id="-", published=True)
    assert len(submitting) == 6, submitting  # images, time, job, turn, queue entry, audit entry
    with statements(postgresql) as claiming:
        claim = do(postgresql, claims.claim_next, "w1", LEASE)
    assert len(claiming) == 2, claiming  # the claim, its audit entry with the event
    with statements(postgresql) as loading:
        do(postgresql, jobs.to_register, job)
    assert len(loading) == 1, loading
    with statements(postgresql) as finishing:
        assert do(postgresql, job_transitions.finish, claim, RESULT)
    assert len(finishing) == 2, finishing
    with statements(postgresql) as reading:
        assert get(postgresql, job).result.body == RESULT
    assert len(reading) == 1, reading
    assert query(postgresql, audit.verify) == []


def test_claim_of_a_job_that_is_not_queued_takes_the_next_one(postgresql):
    jobs_in_turn = [submit(postgresql) for _ in range(2)]
    with postgresql.writing() as session:  # its queue entry has outlived it
        session.execute(
            text("UPDATE registrations SET state = 'cancelled' WHERE id = :id"), {"id": jobs_in_turn[0]}
        )
    assert do(postgresql, claims.claim_next, "w1", LEASE).registration_id == jobs_in_turn[1]
    assert do(postgresql, claims.claim_next, "w1", LEASE) is None


def test_batch_of_any_size_takes_the_same_few_statements_and_parameters(postgresql):
    row = get(postgresql, submit(postgresql))
    pair = jobs.RegistrationRequest(row.fixed_image_id, row.moving_image_id)
    seen: dict[int, list[tuple[int, bool]]] = {}

    def note(_connection, _cursor, _statement, parameters, _context, many) -> None:
        seen[size].append((len(parameters), many))

    event.listen(postgresql.engine, "before_cursor_execute", note)
    for size in (3, 400):
        seen[size] = []
        about = {"owner": "local", "actor": "a"}
        batch = do(postgresql, batches.submit, [pair] * size, request_id="-", **about)
        assert do(postgresql, batches.cancel, batch, actor="a") == size
    event.remove(postgresql.engine, "before_cursor_execute", note)
    assert seen[3] == seen[400]
    assert not any(many for _, many in seen[400])
    assert query(postgresql, audit.verify) == []


@pytest.mark.parametrize("actor", ['"\\/', "ä\u2028\u007f", "a\tb\r\n\u0001", "%s :name {0}", "\U0001f52c"])
def test_entry_that_postgresql_has_hashed_is_verified(postgresql, actor):
    for number in range(2):
        do(postgresql, audit.record, "tested", actor=actor, number=number, text=actor)
    assert query(postgresql, audit.verify) == []


def test_connections_that_the_server_has_closed_are_replaced_without_an_error(postgresql, new_postgres_url):
    with postgresql.engine.connect() as one, postgresql.engine.connect() as two:
        sockets = [connection.connection.dbapi_connection.fileno() for connection in (one, two)]
        pids = [connection.scalar(text("SELECT pg_backend_pid()")) for connection in (one, two)]
    other = Database(postgresql.engine.url.render_as_string(hide_password=False))
    with other.writing() as session:
        for pid in pids:
            session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
    other.close()
    wait_until(lambda: all(map(_is_readable, sockets)), "the end of both connections")
    with postgresql.reading() as first, postgresql.reading() as second:
        new = {session.scalar(text("SELECT pg_backend_pid()")) for session in (first, second)}
    assert not new & set(pids)


def test_job_has_its_corrections_reviews_and_tags_however_it_is_loaded(database):
    job = submit(database)
    do(database, job_transitions.finish, claim(database, job), RESULT)
    for note in ("first", "second"):
        do(database, corrections.add, job, [[1, 0, 0], [0, 1, 0], [0, 0, 1]], note, actor="tester")
    do(database, tags.change, job, ["grain 8", "grain 7"], [], actor="tester", owner=None)
    with database.reading() as session:
        every = select(RegistrationRow).options(*jobs.WITH_RELATED)
        for row in (session.scalars(every).one(), get(database, job)):
            assert [each.note for each in row.corrections] == ["first", "second"]
            assert sorted(tag.name for tag in row.tags) == ["grain 7", "grain 8"]
            assert (row.reviews, row.result.body) == ([], RESULT)
