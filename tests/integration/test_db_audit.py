"""The audit keeps every event, refuses to forget any, and shows when someone made it forget."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from db import audit


def fill(database, events: int) -> None:
    for number in range(events):
        with database.writing() as session:
            audit.record(session, "test.happened", actor="tester", number=number, name="Köln μm")


def test_a_whole_chain_is_found_whole(database):
    fill(database, 5)
    with database.reading() as session:
        assert audit.verify(session) == []


@pytest.mark.parametrize("change", ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"])
def test_the_database_refuses_to_change_the_audit(database, change):
    fill(database, 2)
    with pytest.raises(DBAPIError, match="append-only"), database.writing() as session:
        session.execute(text(change))
    with database.reading() as session:
        assert audit.verify(session) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("UPDATE audit SET payload = '{}' WHERE seq = 3", "entry 3 was altered"),
        ("DELETE FROM audit WHERE seq = 3", "entries 3 to 3 are missing"),
        ("UPDATE audit SET previous_hash = hash WHERE seq = 3", "entry 3 does not follow"),
    ],
)
def test_a_forced_change_is_found(database, change, fault):
    fill(database, 5)
    with database.writing() as session:
        for statement in disarm(session):
            session.execute(text(statement))
        session.execute(text(change))
    with database.reading() as session:
        assert any(fault in found for found in audit.verify(session))


def test_writers_at_the_same_time_make_one_chain(database):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: fill(database, 5), range(4)))
    with database.reading() as session:
        assert audit.verify(session) == []
        assert session.scalar(text("SELECT max(seq) FROM audit")) == 20


def disarm(session) -> list[str]:
    """What somebody with full rights would do to the triggers first."""
    if session.get_bind().dialect.name == "postgresql":
        return ["ALTER TABLE audit DISABLE TRIGGER ALL"]
    return ["DROP TRIGGER audit_refuses_update", "DROP TRIGGER audit_refuses_delete"]
