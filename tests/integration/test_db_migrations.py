"""The migrations create exactly the tables of the rows and keep existing data, on both databases."""

import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, bindparam, text

import db.migrations
from db.engine import Database
from db.errors import BackendUnknown
from db.migrate import migrate
from db.migrations import NEWEST
from db.rows import (
    DeliveryRow,
    IdempotencyKeyRow,
    InstrumentRow,
    PendingObjectRow,
    Row,
    SessionRow,
    WebhookRow,
)
from db.types import UtcTime


def test_migrations_create_the_tables_of_the_rows(database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Row.metadata) == []


def test_newest_revision_is_the_head():
    scripts = ScriptDirectory(str(Path(db.migrations.__file__).parent))
    assert scripts.get_current_head() == NEWEST


def test_several_processes_can_migrate_at_once(database_url):
    databases = [Database(database_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, databases))
    with databases[0].reading() as session:
        assert session.execute(text("SELECT version_num FROM alembic_version")).all() == [(NEWEST,)]


def test_several_processes_can_open_a_new_sqlite_file_at_once(tmp_path):
    program = "import sys; from db.engine import Database; Database(sys.argv[1]).ping()"
    for number in range(2):
        command = [sys.executable, "-c", program, f"sqlite:///{tmp_path}/{number}.sqlite"]
        processes = [subprocess.Popen(command) for _ in range(4)]
        assert [process.wait() for process in processes] == [0] * 4


def test_opening_a_new_sqlite_file_waits_for_an_exclusive_lock(tmp_path):
    file = tmp_path / "xebra.sqlite"
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    threading.Timer(0.5, other.execute, ("COMMIT",)).start()
    database = Database(f"sqlite:///{file}")
    with database.reading() as session:
        assert session.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
    database.close()
    other.close()


def test_database_of_a_newer_version_is_rejected(database):
    with database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(BackendUnknown, match=r"revision 9999.*install"):
        migrate(database)


@pytest.mark.parametrize("url", ["mysql://host/xebra", "no url", "sqlite://", "sqlite:///:memory:"])
def test_unsupported_database_is_rejected(url):
    with pytest.raises(BackendUnknown, match="XEBRA_DATABASE_URL"):
        Database(url)


OLD_ROWS = """
INSERT INTO instruments (name, most_waiting, most_bytes, created_at) VALUES ('sem', 3, 1000, :day);
INSERT INTO answers (owner, key, asked, token, created_at, answer)
  VALUES ('sem', 'k1', 'hash', 'token', :day, :json);
INSERT INTO unsettled (key, since) VALUES ('images/a', :day);
INSERT INTO webhooks (id, owner, url, secret, actor, created_at, ended_at)
  VALUES ('w', 'sem', 'url', 's', 'a', :day, :day);
INSERT INTO deliveries (id, webhook_id, body, created_at, attempts, said)
  VALUES ('d', 'w', :json, :day, 1, 'answered 500');
INSERT INTO api_keys (id, instrument, name, sha256, scopes, created_at)
  VALUES ('key', 'sem', '', 'h', :json, :day);
INSERT INTO sessions (sha256, key_id, created_at, expires_at, chosen_at)
  VALUES ('h', 'key', :day, :day, :day)
"""
DAY = datetime(2026, 1, 1, tzinfo=UTC)
VALUES = {"day": DAY, "json": {"id": 1}}
TYPES = {"day": UtcTime, "json": JSON}


def test_renamed_tables_and_columns_keep_their_data(database_url):
    database = Database(database_url)
    upgrade(database, "0008")
    with database.writing() as session:
        for sql in OLD_ROWS.split(";"):
            names = [name for name in VALUES if f":{name}" in sql]
            bound = (bindparam(name, VALUES[name], type_=TYPES[name]) for name in names)
            session.execute(text(sql).bindparams(*bound))
    migrate(database)
    with database.reading() as session:
        instrument = session.get_one(InstrumentRow, "sem")
        assert (instrument.max_queued_jobs, instrument.max_stored_bytes) == (3, 1000)
        stored = session.get_one(IdempotencyKeyRow, ("sem", "k1"))
        assert (stored.request_hash, stored.response) == ("hash", {"id": 1})
        assert session.get_one(PendingObjectRow, "images/a").created_at == DAY
        assert session.get_one(WebhookRow, "w").removed_at == DAY
        assert session.get_one(DeliveryRow, "d").outcome == "answered 500"
        assert session.get_one(SessionRow, ("h", "key")).selected_at == DAY
    database.close()


def upgrade(database: Database, revision: str) -> None:
    """Apply the migrations up to a revision."""
    config = Config()
    config.set_main_option("script_location", str(Path(db.migrations.__file__).parent))
    with database.writing() as session:
        config.attributes["connection"] = session.connection()
        command.upgrade(config, revision)
