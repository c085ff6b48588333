"""Back-up and restore as docs/operations.md has them: what was accepted is there again, the audit whole."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest
from support.servers import postgres_programs
from sqlalchemy import select
from test_db_jobs import LEASE, RESULT, do, submit

from db import audit, claims, job_transitions
from db.engine import Database
from db.migrate import migrate
from db.rows import AuditRow, OutboxRow, RegistrationRow


def last_entry(database: Database) -> tuple[int, str]:
    """What whoever runs the service notes elsewhere."""
    with database.reading() as session:
        entry = session.scalars(select(AuditRow).order_by(AuditRow.seq.desc()).limit(1)).one()
    return entry.seq, entry.hash


def backed_up(database: Database, database_url: str, folder: Path) -> Path:
    """A copy made while others may write."""
    file = folder / "xebra.backup"
    if database_url.startswith("sqlite"):
        with sqlite3.connect(database.engine.url.database) as source, sqlite3.connect(file) as copy:
            source.backup(copy)
        return file
    dump = ["--format=custom", f"--file={file}", f"--dbname={plain(database_url)}"]
    subprocess.run([program("pg_dump"), *dump], check=True)
    return file


def restored(file: Path, database_url: str) -> None:
    """Over whatever is there."""
    if database_url.startswith("sqlite"):
        place = Path(database_url.removeprefix("sqlite:///"))
        for old in place.parent.glob(f"{place.name}*"):  # its log too, else it is replayed onto the copy
            old.unlink()
        shutil.copy(file, place)
        return
    options = ["--clean", "--if-exists", f"--dbname={plain(database_url)}", file]
    subprocess.run([program("pg_restore"), *options], check=True)


def program(name: str) -> str:
    """Of the server's own version."""
    return str(postgres_programs() / name)


def plain(database_url: str) -> str:
    return database_url.replace("+psycopg", "")


@pytest.mark.parametrize("onto", ["an empty database", "what has gone wrong since"])
def test_a_restored_database_has_every_job_and_a_whole_audit(database, database_url, request, tmp_path, onto):
    done, waiting = submit(database), submit(database)
    claim = do(database, lambda session: claims.claim_job(session, done, "worker", LEASE))
    do(database, lambda session: job_transitions.finish(session, claim, RESULT, "key"))
    noted, file = last_entry(database), backed_up(database, database_url, tmp_path)
    late = submit(database)

    target = database_url
    if onto == "an empty database":
        target = new_url(request, database_url, tmp_path)
    database.close()
    restored(file, target)
    again = Database(target)
    migrate(again)
    with again.reading() as session:
        states = dict(session.execute(select(RegistrationRow.id, RegistrationRow.state)).all())
        assert states == {done: "succeeded", waiting: "queued"}
        assert late not in states
        assert session.scalars(select(OutboxRow.registration_id)).all() == [waiting]
        assert audit.verify(session) == []
    assert last_entry(again) == noted
    again.close()


def new_url(request: pytest.FixtureRequest, database_url: str, folder: Path) -> str:
    if database_url.startswith("sqlite"):
        (folder / "elsewhere").mkdir()
        return f"sqlite:///{folder}/elsewhere/xebra.sqlite"
    return request.getfixturevalue("new_postgres_url")()
