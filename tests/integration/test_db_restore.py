"""Back-up and restore as described in docs/operations.md keep every job and the audit chain."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import select
from support.jobs import LEASE, RESULT, do, submit
from support.servers import postgres_programs

from db import audit, claims, job_transitions
from db.engine import Database
from db.migrate import migrate
from db.rows import AuditRow, OutboxRow, RegistrationRow


def last_entry(database: Database) -> tuple[int, str]:
    """Return the entry that the operator records elsewhere."""
    with database.reading() as session:
        entry = session.scalars(select(AuditRow).order_by(AuditRow.seq.desc()).limit(1)).one()
    return entry.seq, entry.hash


def back_up(database: Database, database_url: str, folder: Path) -> Path:
    """Return a copy made while the database may be written."""
    file = folder / "xebra.backup"
    if database_url.startswith("sqlite"):
        with sqlite3.connect(database.engine.url.database) as source, sqlite3.connect(file) as copy:
            source.backup(copy)
        return file
    dump = ["--format=custom", f"--file={file}", f"--dbname={plain(database_url)}"]
    subprocess.run([program("pg_dump"), *dump], check=True)
    return file


def restore(file: Path, database_url: str) -> None:
    """Restore a back-up over the existing database."""
    if database_url.startswith("sqlite"):
        place = Path(database_url.removeprefix("sqlite:///"))
        for old in place.parent.glob(f"{place.name}*"):  # with its log, which would be replayed onto the copy
            old.unlink()
        shutil.copy(file, place)
        return
    options = ["--clean", "--if-exists", f"--dbname={plain(database_url)}", file]
    subprocess.run([program("pg_restore"), *options], check=True)


def program(name: str) -> str:
    """Return the program of the server's own version."""
    return str(postgres_programs() / name)


def plain(database_url: str) -> str:
    return database_url.replace("+psycopg", "")


@pytest.mark.parametrize("onto", ["an empty database", "the damaged database"])
def test_restored_database_has_every_job_and_an_intact_audit_chain(
    database, database_url, request, tmp_path, onto
):
    done, waiting = submit(database), submit(database)
    claim = do(database, lambda session: claims.claim_job(session, done, "worker", LEASE))
    do(database, lambda session: job_transitions.finish(session, claim, RESULT))
    recorded, file = last_entry(database), back_up(database, database_url, tmp_path)
    late = submit(database)

    target = database_url
    if onto == "an empty database":
        target = new_url(request, database_url, tmp_path)
    database.close()
    restore(file, target)
    again = Database(target)
    migrate(again)
    with again.reading() as session:
        states = dict(session.execute(select(RegistrationRow.id, RegistrationRow.state)).all())
        assert states == {done: "succeeded", waiting: "queued"}
        assert late not in states
        assert session.scalars(select(OutboxRow.registration_id)).all() == [waiting]
        assert audit.verify(session) == []
    assert last_entry(again) == recorded
    again.close()


def new_url(request: pytest.FixtureRequest, database_url: str, folder: Path) -> str:
    if database_url.startswith("sqlite"):
        (folder / "elsewhere").mkdir()
        return f"sqlite:///{folder}/elsewhere/xebra.sqlite"
    return request.getfixturevalue("new_postgres_url")()
