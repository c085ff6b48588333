"""The migrations make exactly the tables that the rows describe, on both databases."""

import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

import db.migrations
from db.engine import Database
from db.errors import BackendUnknown
from db.migrate import migrate
from db.migrations import NEWEST
from db.rows import Row


def test_migrations_make_the_tables_that_the_rows_describe(database):
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Row.metadata) == []


def test_newest_is_the_last_migration():
    scripts = ScriptDirectory(str(Path(db.migrations.__file__).parent))
    assert scripts.get_current_head() == NEWEST


def test_many_processes_may_migrate_at_once(database_url):
    databases = [Database(database_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(migrate, databases))
    with databases[0].reading() as session:
        assert session.execute(text("SELECT version_num FROM alembic_version")).all() == [(NEWEST,)]


def test_many_processes_may_open_a_new_sqlite_file_at_once(tmp_path):
    program = "import sys; from db.engine import Database; Database(sys.argv[1]).ping()"
    for number in range(2):
        command = [sys.executable, "-c", program, f"sqlite:///{tmp_path}/{number}.sqlite"]
        processes = [subprocess.Popen(command) for _ in range(4)]
        assert [process.wait() for process in processes] == [0] * 4


def test_a_new_sqlite_file_waits_for_whoever_turns_its_log_on(tmp_path):
    file = tmp_path / "xebra.sqlite"
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    threading.Timer(0.5, other.execute, ("COMMIT",)).start()
    database = Database(f"sqlite:///{file}")
    with database.reading() as session:
        assert session.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
    database.close()
    other.close()


def test_a_database_of_a_later_version_is_refused_in_words(database):
    with database.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(BackendUnknown, match=r"revision 9999.*install"):
        migrate(database)


@pytest.mark.parametrize("url", ["mysql://host/xebra", "no url", "sqlite://", "sqlite:///:memory:"])
def test_an_unknown_database_is_refused_in_words(url):
    with pytest.raises(BackendUnknown, match="XEBRA_DATABASE_URL"):
        Database(url)
