"""The audit log keeps every entry, rejects changes, and shows changes that were forced."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from db import audit
from db.rows import AuditRow


def fill(database, entries: int) -> None:
    for number in range(entries):
        with database.writing() as session:
            audit.record(session, "test.happened", actor="tester", number=number, name="Köln μm")


def test_intact_chain_has_no_faults(database):
    fill(database, 5)
    with database.reading() as session:
        assert audit.verify(session) == []


@pytest.mark.parametrize("change", ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"])
def test_database_rejects_changes_of_the_audit_log(database, change):
    fill(database, 2)
    with pytest.raises(DBAPIError, match="append-only"), database.writing() as session:
        session.execute(text(change))
    with database.reading() as session:
        assert audit.verify(session) == []


def force(database, change: str) -> None:
    """Change the audit log as somebody with full rights could: remove the triggers first."""
    with database.writing() as session:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("ALTER TABLE audit DISABLE TRIGGER ALL"))
        else:
            session.execute(text("DROP TRIGGER audit_refuses_update"))
            session.execute(text("DROP TRIGGER audit_refuses_delete"))
        session.execute(text(change))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("UPDATE audit SET payload = '{}' WHERE seq = 3", "entry 3 was altered"),
        ("UPDATE audit SET actor = 'nobody' WHERE seq = 3", "entry 3 was altered"),
        ("UPDATE audit SET event = 'test.other' WHERE seq = 3", "entry 3 was altered"),
        ("UPDATE audit SET at = '2000-01-01T00:00:00.000000+00:00' WHERE seq = 3", "entry 3 was altered"),
        ("DELETE FROM audit WHERE seq = 3", "entries 3 to 3 are missing"),
        ("UPDATE audit SET previous_hash = hash WHERE seq = 3", "entry 3 does not follow"),
    ],
)
def test_forced_change_is_detected(database, change, fault):
    fill(database, 5)
    force(database, change)
    with database.reading() as session:
        assert any(fault in found for found in audit.verify(session))


def test_every_field_is_hashed():
    fields = {name: str(column) for name, column in AuditRow.__table__.columns.items()}
    fields["seq"] = 1
    digest = audit.digest(AuditRow(**fields))
    changed = [audit.digest(AuditRow(**fields | {name: "2"})) for name in fields if name != "hash"]
    assert len({digest, *changed}) == len(fields)


def test_concurrent_writers_make_one_chain(database):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: fill(database, 5), range(4)))
    with database.reading() as session:
        assert audit.verify(session) == []
        assert session.scalar(text("SELECT max(seq) FROM audit")) == 20
