"""Opens the database by its URL: SQLite in a file, or PostgreSQL."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session

from db.errors import BackendUnknown

BUSY_TIMEOUT_MS = 30_000
ROWS_ALONE = {"synchronize_session": False}  # a statement about rows of which the session holds no object


class Database:
    """Short transactions on one engine: many may read, writers wait for each other in order."""

    def __init__(self, url: str) -> None:
        self.engine = _open(url)
        self._writer = self.engine.execution_options(xebra_synchronous="FULL")
        self._noter = self.engine.execution_options(xebra_synchronous="NORMAL")

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one consistent state."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that is committed as a whole, or not at all if the block raises."""
        with Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def noting(self) -> Iterator[Session]:
        """The same, but the commit waits for no disk: for what is done again where the machine forgets it.

        Never for what somebody may have seen, the audit and its events above all.
        """
        with Session(self._noter, expire_on_commit=False) as session, session.begin():
            if self.engine.dialect.name == "postgresql":
                session.execute(text("SET LOCAL synchronous_commit TO OFF"))
            yield session

    def ping(self) -> None:
        """Raise unless the database answers."""
        with self.reading() as session:
            session.execute(text("SELECT 1"))

    def close(self) -> None:
        self.engine.dispose()


def _open(url: str) -> Engine:
    try:
        scheme = make_url(url).drivername
    except ArgumentError as error:
        raise BackendUnknown(f"XEBRA_DATABASE_URL: {url!r} is no database URL; {_KNOWN}") from error
    if scheme == "sqlite":
        return _open_sqlite(url)
    if scheme == "postgresql+psycopg":
        return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=30)
    raise BackendUnknown(f"XEBRA_DATABASE_URL: no database for '{scheme}'; {_KNOWN}")


_KNOWN = "use sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST:PORT/NAME"


def _open_sqlite(url: str) -> Engine:
    file = make_url(url).database
    if not file or file == ":memory:":
        raise BackendUnknown("XEBRA_DATABASE_URL: SQLite needs a file that several processes share")
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, pool_size=10, max_overflow=30)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection, _record) -> None:
    connection.isolation_level = None  # transactions begin where SQLAlchemy says, see _begin_sqlite
    for pragma in (f"busy_timeout = {BUSY_TIMEOUT_MS}", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
    _write_ahead(connection)


def _write_ahead(connection) -> None:
    """Turn the write-ahead log on; of several that do so to a new file, SQLite lets none wait but one win."""
    end = time.monotonic() + BUSY_TIMEOUT_MS / 1000
    while True:
        try:
            return connection.execute("PRAGMA journal_mode = WAL").close()
        except sqlite3.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


def _begin_sqlite(connection) -> None:
    """Take the write lock first: a reader that turns writer half-way would fail instead of wait."""
    synchronous = connection.get_execution_options().get("xebra_synchronous")
    if synchronous is None:
        connection.exec_driver_sql("BEGIN")
        return
    connection.exec_driver_sql(f"PRAGMA synchronous = {synchronous}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
